"""Enrolls learners in the LMS or ends their enrollments, and completes or fails transactions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.credit.redemption import service
from bursar.credit.redemption.commands import CompleteRedemption, FailRedemption
from bursar.credit.redemption.events import (
    TransactionChanged,
    TransactionCreated,
    TransactionReversed,
)
from bursar.credit.states import TransactionState
from bursar.database.engine import Database
from bursar.enrollment.commands import FREE_MODE, PAID_MODE, NewEnrollment, Payer
from bursar.enrollment.gateway import (
    WILL_BE_ENROLLED,
    LmsEnrollment,
    LmsGateway,
    LmsUnavailable,
    require_answers,
)
from bursar.enrollment.patience import patiently
from bursar.enrollment.rehearsal import end_in_lms, enroll_in_lms
from bursar.enrollment.service import end_enrollments, live_enrollments, record_enrollments
from bursar.events.event import Subscriber
from bursar.identity.clocks import in_time_of
from bursar.jobs import steps
from bursar.jobs.context import JobContext
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow
from bursar.learners.service import ensure_learners

ACTOR: Final = Actor("job:credit", kind=ActorKind.TASK)
NO_RUN: Final = "no course run is open for enrollment"
ENROLL: Final = "credit.enroll"
END: Final = "credit.end_enrollment"
STEP_THAT_ENROLLS: Final = "enrol"
"""DBOS stores the name of a step and compares it when it resumes a job, so the name must not change
and keeps its old spelling."""


def enroll_redeemed(queue: JobQueue) -> Subscriber[TransactionCreated]:
    """Enqueues the job that enrolls each learner, in the transaction that takes the money."""

    def enqueue(
        session: Session, _actor: Actor, events: Sequence[TransactionCreated], _at: datetime
    ) -> None:
        for event in events:
            _enqueue(queue, session, ENROLL, event)

    return enqueue


def end_reversed(queue: JobQueue) -> Subscriber[TransactionReversed]:
    """Enqueues the job that ends each enrollment, in the transaction that gives the money back."""

    def enqueue(
        session: Session, _actor: Actor, events: Sequence[TransactionReversed], _at: datetime
    ) -> None:
        for event in events:
            _enqueue(queue, session, END, event)

    return enqueue


def _enqueue(queue: JobQueue, session: Session, workflow: str, event: TransactionChanged) -> None:
    uuid = str(event.data.uuid)
    queue.enqueue(session, workflow, str(event.enterprise_uuid), uuid, key=f"{workflow}:{uuid}")


def workflows(gateway: LmsGateway) -> tuple[Workflow, ...]:
    """The workflows of a worker that uses this LMS."""

    def enroll(
        context: JobContext, enterprise: str, uuid: str, attempt: int = 0, unsure: bool = False
    ) -> str:
        def enroll_in_lms() -> str | None:
            return _enroll_in_lms(context.database, gateway, UUID(enterprise), UUID(uuid))

        with in_time_of(context.database, UUID(enterprise)):
            try:
                error = patiently(
                    context,
                    ENROLL,
                    STEP_THAT_ENROLLS,
                    enroll_in_lms,
                    enterprise,
                    uuid,
                    attempt=attempt,
                    unsure=unsure,
                )
            except LmsUnavailable as unavailable:
                error = str(unavailable)
            return steps.run(
                context, "settle", _settle, context.database, UUID(enterprise), UUID(uuid), error
            )

    def end(context: JobContext, enterprise: str, uuid: str, attempt: int = 0) -> None:
        def end_in_lms() -> list[str]:
            return _end_in_lms(context.database, gateway, UUID(enterprise), UUID(uuid))

        with in_time_of(context.database, UUID(enterprise)):
            patiently(context, END, "end", end_in_lms, enterprise, uuid, attempt=attempt)
            steps.run(
                context, "record", _record_end, context.database, UUID(enterprise), UUID(uuid)
            )

    return Workflow(ENROLL, enroll), Workflow(END, end)


def _enroll_in_lms(
    database: Database, gateway: LmsGateway, enterprise_uuid: UUID, transaction_uuid: UUID
) -> str | None:
    """Why the learner was not enrolled, or None. Raises LmsUnavailable."""
    with database.transaction() as session:
        row = service.get_transaction(session, enterprise_uuid, transaction_uuid)
        if row.state != TransactionState.CREATED or row.courserun_key is None:
            return None if row.courserun_key else NO_RUN
        people = ensure_learners(session, enterprise_uuid, [row.learner_email], clock.now())
    person = people[row.learner_email]
    seat = LmsEnrollment(
        enterprise_uuid,
        person.email,
        person.lms_user_id,
        person.username,
        row.courserun_key,
    )
    outcomes = enroll_in_lms(database, gateway, [seat])
    require_answers(outcomes)
    return outcomes[0].error


def _settle(
    database: Database, enterprise_uuid: UUID, transaction_uuid: UUID, error: str | None
) -> str:
    if error in {None, WILL_BE_ENROLLED}:
        mode = PAID_MODE if error is None else FREE_MODE
        try:
            return _complete(database, enterprise_uuid, transaction_uuid, mode)
        except SeatPaidOtherwise as paid:
            error = str(paid)
    with database.transaction() as session:
        failed = FailRedemption(enterprise_uuid, transaction_uuid, error)
        service.fail(session, ACTOR, failed, at=clock.now())
        return service.get_transaction(session, enterprise_uuid, transaction_uuid).state.value


class SeatPaidOtherwise(Exception):
    """Somebody else has begun to pay for the seat while the LMS was asked."""


def _complete(database: Database, enterprise_uuid: UUID, transaction_uuid: UUID, mode: str) -> str:
    """Raises SeatPaidOtherwise, and then nothing is changed."""
    with database.transaction() as session:
        # The budget is locked before the learner everywhere, so that there is no deadlock.
        complete = CompleteRedemption(enterprise_uuid, transaction_uuid)
        if service.complete(session, ACTOR, complete, at=clock.now()):
            _record(session, enterprise_uuid, transaction_uuid, mode)
        return service.get_transaction(session, enterprise_uuid, transaction_uuid).state.value


def _record(session: Session, enterprise_uuid: UUID, transaction_uuid: UUID, mode: str) -> None:
    row = service.get_transaction(session, enterprise_uuid, transaction_uuid)
    assert row.courserun_key is not None  # noqa: S101 - a transaction without a run fails
    now = clock.now()
    people = ensure_learners(session, enterprise_uuid, [row.learner_email], now)
    enrollment = NewEnrollment(
        enterprise_uuid,
        people[row.learner_email].id,
        row.courserun_key,
        Payer.CREDIT,
        transaction_uuid=transaction_uuid,
        mode=mode,
    )
    if not record_enrollments(session, ACTOR, [enrollment], at=now):
        raise SeatPaidOtherwise("the learner is enrolled in this run already, paid otherwise")


def _end_in_lms(
    database: Database, gateway: LmsGateway, enterprise_uuid: UUID, transaction_uuid: UUID
) -> list[str]:
    """Why the LMS would not end some of the enrollments. Raises LmsUnavailable."""
    with database.transaction() as session:
        seats = live_enrollments(session, enterprise_uuid, transaction_uuids=[transaction_uuid])
    outcomes = end_in_lms(database, gateway, seats) if seats else []
    require_answers(outcomes)
    return [outcome.error for outcome in outcomes if outcome.error is not None]


def _record_end(database: Database, enterprise_uuid: UUID, transaction_uuid: UUID) -> None:
    with database.transaction() as session:
        end_enrollments(
            session, ACTOR, enterprise_uuid, transaction_uuids=[transaction_uuid], at=clock.now()
        )
