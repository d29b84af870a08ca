"""Tells the LMS what was redeemed or reversed, and settles transactions by its answer."""

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.credit.redemption import settlement
from bursar.credit.states import TransactionState
from bursar.enrollment.gateway import LmsUnavailable, Seat, gateway_for
from bursar.enrollment.models import Payer
from bursar.enrollment.patience import patiently
from bursar.enrollment.service import (
    NewEnrollment,
    end_enrollments,
    live_seats,
    record_enrollments,
)
from bursar.jobs import context, steps
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow
from bursar.learners.service import ensure_learners
from bursar.settings import get_settings

ACTOR: Final = Actor("job:credit")
NO_RUN: Final = "no course run is open for enrollment"


def enqueue_enrollment(queue: JobQueue, session: Session, enterprise: UUID, uuid: UUID) -> None:
    key = f"{ENROLL.name}:{uuid}"
    queue.enqueue(session, ENROLL.name, str(enterprise), str(uuid), key=key)


def enqueue_end(queue: JobQueue, session: Session, enterprise: UUID, uuid: UUID) -> None:
    key = f"{END.name}:{uuid}"
    queue.enqueue(session, END.name, str(enterprise), str(uuid), key=key)


def _enroll(enterprise: str, uuid: str, attempt: int = 0) -> str:
    try:
        error = patiently(ENROLL.name, "enrol", _enroll_in_lms, enterprise, uuid, attempt=attempt)
    except LmsUnavailable as unavailable:
        error = str(unavailable)
    return steps.run("settle", _settle, enterprise, uuid, error)


def _enroll_in_lms(enterprise: str, uuid: str) -> str | None:
    """Why not, or None."""
    with context.database().transaction() as session:
        row = settlement.find_transaction(session, UUID(enterprise), UUID(uuid))
        if row.state != TransactionState.CREATED or row.courserun_key is None:
            return None if row.courserun_key else NO_RUN
        people = ensure_learners(session, row.enterprise_uuid, [row.learner_email], clock.now())
    person = people[row.learner_email]
    seat = Seat(
        row.enterprise_uuid,
        person.email,
        person.lms_user_id,
        person.username,
        row.courserun_key,
    )
    return gateway_for(get_settings()).enroll([seat])[0].error


def _settle(enterprise: str, uuid: str, error: str | None) -> str:
    now = clock.now()
    enterprise_uuid, transaction_uuid = UUID(enterprise), UUID(uuid)
    with context.database().transaction() as session:
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
    record_enrollments(session, ACTOR, [enrollment], now)


def _end(enterprise: str, uuid: str, attempt: int = 0) -> None:
    patiently(END.name, "end", _end_in_lms, enterprise, uuid, attempt=attempt)
    steps.run("record", _record_end, enterprise, uuid)


def _end_in_lms(enterprise: str, uuid: str) -> list[str]:
    """What the LMS would not do, and why."""
    with context.database().transaction() as session:
        seats = live_seats(session, UUID(enterprise), transaction_uuids=[UUID(uuid)])
    outcomes = gateway_for(get_settings()).end(seats) if seats else []
    return [outcome.error for outcome in outcomes if outcome.error is not None]


def _record_end(enterprise: str, uuid: str) -> None:
    with context.database().transaction() as session:
        end_enrollments(
            session, ACTOR, UUID(enterprise), transaction_uuids=[UUID(uuid)], now=clock.now()
        )


ENROLL: Final = Workflow("credit.enroll", _enroll)
END: Final = Workflow("credit.end_enrollment", _end)
WORKFLOWS: Final = (ENROLL, END)
