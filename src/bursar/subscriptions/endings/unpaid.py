"""Enrollments that go on although their license pays no more.

Whoever revokes a license, or winds up a plan, marks what has to end. What is found here was left
behind by an older version, or by hands in the database, so that nothing ends it by itself.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Select, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from bursar.actors import Actor, ActorKind
from bursar.batches import batched
from bursar.database.engine import Database
from bursar.enrollment.commands import Payer
from bursar.enrollment.gateway import LmsGateway
from bursar.enrollment.models import Enrollment
from bursar.enrollment.rehearsal import end_in_lms, without_waiting
from bursar.enrollment.service import end_enrollments, live_enrollments
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.states import LIVE
from bursar.subscriptions.plans.models import SubscriptionPlan

TASK: Final = "end-unpaid-seats"
ACTOR: Final = Actor(f"task:{TASK}", kind=ActorKind.TASK)
BATCH: Final = 500

_seats, _licenses = Enrollment.__table__.c, License.__table__.c


class UnpaidSeat(NamedTuple):
    enterprise_uuid: UUID
    license_uuid: UUID
    enrollment_id: int
    is_license_known: bool


def find_unpaid(session: Session) -> list[UnpaidSeat]:
    """The live enrollments whose license is gone, was revoked, or is of a plan that was wound up,
    and was not renewed into one that pays; by enterprise and license. Those that are about to end
    are left out."""
    return [UnpaidSeat(*row) for row in session.execute(_UNPAID)]


def find_unpaid_of(session: Session, license_uuids: Sequence[UUID]) -> list[UnpaidSeat]:
    """Those of them that these licenses should pay for. One statement for 500."""
    return [
        UnpaidSeat(*row)
        for batch in batched(license_uuids, BATCH)
        for row in session.execute(_UNPAID_OF, {"of_licenses": batch})
    ]


@without_waiting()
def end_unpaid(database: Database, gateway: LmsGateway) -> Mapping[str, int]:
    """Ends them, in the LMS first. What the LMS did not answer about is left to the next call."""
    with database.read() as connection, Session(connection) as session:
        unpaid = find_unpaid(session)
    ended = waiting = 0
    for enterprise_uuid, seats in groupby(unpaid, itemgetter(0)):
        for licenses in batched(dict.fromkeys(seat.license_uuid for seat in seats), BATCH):
            done = _end(database, gateway, enterprise_uuid, licenses)
            ended, waiting = ended + done[0], waiting + done[1]
    return {"ended": ended, "waiting": waiting}


def _end(
    database: Database, gateway: LmsGateway, enterprise_uuid: UUID, licenses: list[UUID]
) -> tuple[int, int]:
    """How many enrollments have ended, and about how many licenses the LMS did not answer."""
    with database.read() as connection, Session(connection) as session:
        seats = live_enrollments(session, enterprise_uuid, license_uuids=licenses)
    outcomes = end_in_lms(database, gateway, seats) if seats else []
    silent = {
        seat.license_uuid
        for seat, outcome in zip(seats, outcomes, strict=True)
        if outcome.is_unavailable
    }
    settled = [uuid for uuid in licenses if uuid not in silent]
    with database.transaction() as session:
        ended = end_enrollments(session, ACTOR, enterprise_uuid, license_uuids=settled)
    return len(ended), len(silent)


def _chains(*of: ColumnElement[bool]) -> CTE:
    """`first` is the license of a live enrollment, and `uuid` itself and all that it was renewed
    into."""
    first = (
        select(_seats.license_uuid.label("first"), _seats.license_uuid.label("uuid"))
        .where(_seats.payer == Payer.LICENSE.value, _seats.unenrolled_at.is_(None), *of)
        .distinct()
        .cte("chains", recursive=True)
    )
    renewed = License.__table__.alias("renewed")
    return first.union(
        select(first.c.first, renewed.c.uuid).join(
            renewed, renewed.c.renewed_from_uuid == first.c.uuid
        )
    )


def _unpaid(*of: ColumnElement[bool]) -> Select[Any]:
    """`of`: conditions on enrollments."""
    chains, plans = _chains(*of), SubscriptionPlan.__table__
    later = License.__table__.alias("later")
    is_last = ~exists().where(later.c.renewed_from_uuid == _licenses.uuid)
    is_live = _licenses.status.in_([status.value for status in LIVE])
    paid = (
        select(chains.c.first)
        .join(License.__table__, _licenses.uuid == chains.c.uuid)
        .join(plans, plans.c.uuid == _licenses.plan_uuid)
        .where(or_(_licenses.is_ending, is_last & is_live & plans.c.wound_up_at.is_(None)))
    )
    is_known = exists().where(_licenses.uuid == _seats.license_uuid)
    return (
        select(_seats.enterprise_uuid, _seats.license_uuid, _seats.id, is_known)
        .where(
            _seats.payer == Payer.LICENSE.value,
            _seats.unenrolled_at.is_(None),
            _seats.license_uuid.not_in(paid),
            *of,
        )
        .order_by(_seats.enterprise_uuid, _seats.license_uuid, _seats.id)
    )


_UNPAID: Final = _unpaid()
_UNPAID_OF: Final = _unpaid(_seats.license_uuid.in_(bindparam("of_licenses", expanding=True)))
