"""Tells the LMS what was redeemed or reversed, and settles transactions by its answer."""

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.credit.redemption import settlement
from bursar.credit.states import TransactionState
from bursar.database.engine import Database
from bursar.enrollment.gateway import LmsEnrollment, LmsGateway, LmsUnavailable
from bursar.enrollment.models import Payer
from bursar.enrollment.patience import patiently
from bursar.enrollment.service import (
    NewEnrollment,
    end_enrollments,
    live_enrollments,
    record_enrollments,
)
from bursar.jobs import steps
from bursar.jobs.context import JobContext
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow
from bursar.learners.service import ensure_learners

ACTOR: Final = Actor("job:credit")
NO_RUN: Final = "no course run is open for enrollment"
ENROLL: Final = "credit.enroll"
END: Final = "credit.end_enrollment"


def enqueue_enrollment(queue: JobQueue, session: Session, enterprise: UUID, uuid: UUID) -> None:
    key = f"{ENROLL}:{uuid}"
    queue.enqueue(session, ENROLL, str(enterprise), str(uuid), key=key)


def enqueue_end(queue: JobQueue, session: Session, enterprise: UUID, uuid: UUID) -> None:
    key = f"{END}:{uuid}"
    queue.enqueue(session, END, str(enterprise), str(uuid), key=key)


def workflows(gateway: LmsGateway) -> tuple[Workflow, ...]:
    """For a worker that tells this LMS."""

    def enroll(context: JobContext, enterprise: str, uuid: str, attempt: int = 0) -> str:
        def enroll_in_lms() -> str | None:
            return _enroll_in_lms(context.database, gateway, UUID(enterprise), UUID(uuid))

        try:
            error = patiently(
                context, ENROLL, "enrol", enroll_in_lms, enterprise, uuid, attempt=attempt
            )
        except LmsUnavailable as unavailable:
            error = str(unavailable)
        return steps.run(
            context, "settle", _settle, context.database, UUID(enterprise), UUID(uuid), error
        )

    def end(context: JobContext, enterprise: str, uuid: str, attempt: int = 0) -> None:
        def end_in_lms() -> list[str]:
            return _end_in_lms(context.database, gateway, UUID(enterprise), UUID(uuid))

        patiently(context, END, "end", end_in_lms, enterprise, uuid, attempt=attempt)
        steps.run(context, "record", _record_end, context.database, UUID(enterprise), UUID(uuid))

    return Workflow(ENROLL, enroll), Workflow(END, end)


def _enroll_in_lms(
    database: Database, gateway: LmsGateway, enterprise_uuid: UUID, transaction_uuid: UUID
) -> str | None:
    """Why not, or None."""
    with database.transaction() as session:
        row = settlement.find_transaction(session, enterprise_uuid, transaction_uuid)
        if row.state != TransactionState.CREATED or row.courserun_key is None:
            return None if row.courserun_key else NO_RUN
        people = ensure_learners(session, row.enterprise_uuid, [row.learner_email], clock.now())
    person = people[row.learner_email]
    seat = LmsEnrollment(
        row.enterprise_uuid,
        person.email,
        person.lms_user_id,
        person.username,
        row.courserun_key,
    )
    return gateway.enroll([seat])[0].error


def _settle(
    database: Database, enterprise_uuid: UUID, transaction_uuid: UUID, error: str | None
) -> str:
    now = clock.now()
    with database.transaction() as session:
        if error is None:
            # The budget before the learner: two never wait for each other in a circle.
            if settlement.commit(session, ACTOR, enterprise_uuid, transaction_uuid, now):
                _record(session, enterprise_uuid, transaction_uuid)
        else:
            settlement.fail(session, ACTOR, enterprise_uuid, transaction_uuid, error=error, now=now)
        state: str = settlement.find_transaction(session, enterprise_uuid, transaction_uuid).state
    return state


def _record(session: Session, enterprise_uuid: UUID, transaction_uuid: UUID) -> None:
    row = settlement.find_transaction(session, enterprise_uuid, transaction_uuid)
    now = clock.now()
    people = ensure_learners(session, enterprise_uuid, [row.learner_email], now)
    enrollment = NewEnrollment(
        enterprise_uuid,
        people[row.learner_email].id,
        row.courserun_key,
        Payer.CREDIT,
        transaction_uuid=transaction_uuid,
    )
    record_enrollments(session, ACTOR, [enrollment], at=now)


def _end_in_lms(
    database: Database, gateway: LmsGateway, enterprise_uuid: UUID, transaction_uuid: UUID
) -> list[str]:
    """What the LMS would not do, and why."""
    with database.transaction() as session:
        seats = live_enrollments(session, enterprise_uuid, transaction_uuids=[transaction_uuid])
    outcomes = gateway.end(seats) if seats else []
    return [outcome.error for outcome in outcomes if outcome.error is not None]


def _record_end(database: Database, enterprise_uuid: UUID, transaction_uuid: UUID) -> None:
    with database.transaction() as session:
        end_enrollments(
            session, ACTOR, enterprise_uuid, transaction_uuids=[transaction_uuid], at=clock.now()
        )
