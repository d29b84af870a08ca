"""Ends what licences paid for, in the LMS and in Bursar's own record, a batch at a time.

Licences carry a mark for as long as this has to be done, so that nothing is forgotten, and a
repetition finds only what is left.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, exists, literal_column, select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.database.bulk import is_any_of
from bursar.database.engine import Database
from bursar.enrollment.gateway import LmsGateway, Outcome, Seat
from bursar.enrollment.service import end_enrollments, live_seats
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.seats import licenses
from bursar.subscriptions.licenses.states import LIVE
from bursar.subscriptions.plans.locking import lock_plans

ACTOR: Final = Actor("job:subscriptions")
BATCH: Final = 500

_log = structlog.get_logger(__name__)
_IS_ENDING: Final = licenses.is_ending == literal_column("true")


def end_batch(database: Database, gateway: LmsGateway, plan_uuid: UUID) -> int:
    """How many licences; zero when none is left. Raises LmsUnavailable."""
    with database.transaction() as session:
        marked = _marked(session, plan_uuid)
        if not marked:
            return 0
        enterprise_uuid = marked[0].enterprise_uuid
        payers = _payers(session, [row.uuid for row in marked])
        seats = live_seats(session, enterprise_uuid, license_uuids=payers)
    if seats:
        _log_refused(plan_uuid, gateway.end(seats), seats)
    with database.transaction() as session:
        lock_plans(session, [plan_uuid])
        end_enrollments(session, ACTOR, enterprise_uuid, license_uuids=payers, now=clock.now())
        _unmark(session, [row.uuid for row in marked])
    return len(marked)


def plans_to_end(database: Database) -> list[UUID]:
    with database.read() as connection:
        statement = select(licenses.plan_uuid).where(_IS_ENDING).distinct()
        return list(connection.scalars(statement.order_by(licenses.plan_uuid)))


def _marked(session: Session, plan_uuid: UUID) -> Sequence[License]:
    statement = select(License).where(licenses.plan_uuid == plan_uuid, _IS_ENDING)
    return session.scalars(statement.order_by(licenses.uuid).limit(BATCH)).all()


def _payers(session: Session, uuids: Sequence[UUID]) -> list[UUID]:
    """With the licences that they renewed, and without those that go on in a renewed one."""
    found = list(session.scalars(select(licenses.uuid).where(_is_any(session, uuids), ~_goes_on())))
    latest = found
    while latest:
        earlier = select(licenses.renewed_from_uuid).where(
            _is_any(session, latest), licenses.renewed_from_uuid.is_not(None)
        )
        latest = [uuid for uuid in session.scalars(earlier) if uuid is not None]
        found += latest
    return found


def _is_any(session: Session, uuids: Sequence[UUID]) -> ColumnElement[bool]:
    return is_any_of(session, License.uuid, uuids)


def _goes_on() -> ColumnElement[bool]:
    later = License.__table__.alias("later")
    return exists().where(
        later.c.renewed_from_uuid == licenses.uuid,
        later.c.status.in_([status.value for status in LIVE]),
    )


def _unmark(session: Session, uuids: Sequence[UUID]) -> None:
    session.connection().execute(
        update(License).where(_is_any(session, uuids)).values(is_ending=False)
    )


def _log_refused(plan_uuid: UUID, outcomes: Sequence[Outcome], seats: Sequence[Seat]) -> None:
    """The LMS knows no such enrolment, say: there is nothing left to end."""
    for outcome, seat in zip(outcomes, seats, strict=True):
        if outcome.error is not None:
            _log.warning(
                "the LMS did not end an enrolment",
                plan=str(plan_uuid),
                courserun_key=seat.courserun_key,
                reason=outcome.error,
            )
