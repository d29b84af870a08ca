"""The front door of endings: enrollments that licenses paid for end, in the LMS and in Bursar.

Licenses are marked (`License.is_ending`) until this is done, so that no enrollment is forgotten
and a repeated call finds only those that are left.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, exists, literal_column, select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.database.bulk import is_any_of
from bursar.database.engine import Database
from bursar.enrollment.gateway import LmsEnrollment, LmsGateway, LmsOutcome, require_answers
from bursar.enrollment.rehearsal import end_in_lms
from bursar.enrollment.service import end_enrollments, live_enrollments
from bursar.events.service import publish
from bursar.identity.clocks import is_decided
from bursar.subscriptions.endings.commands import ExpirePlan
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.queries import IS_LIVE, licenses
from bursar.subscriptions.licenses.states import LIVE, LicenseStatus
from bursar.subscriptions.plans.events import PlanExpired
from bursar.subscriptions.plans.locking import lock_plan, lock_plans
from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan
from bursar.subscriptions.plans.service import show_plan

ACTOR: Final = Actor("job:subscriptions", kind=ActorKind.TASK)
BATCH: Final = 500

_log = structlog.get_logger(__name__)
_plans = SubscriptionPlan.__table__.c
_IS_ENDING: Final = licenses.is_ending == literal_column("true")
_WITHOUT_RENEWAL: Final = ~exists().where(PlanRenewal.plan_uuid == _plans.uuid)


def find_expired(database: Database, at: datetime, only: UUID | None = None) -> list[ExpirePlan]:
    """Expired plans whose enrollments have not been marked to end yet, the earliest first."""
    statement = select(_plans.enterprise_uuid, _plans.uuid).where(
        *_is_due(at), is_decided(_plans.enterprise_uuid, only)
    )
    statement = statement.order_by(_plans.expiration_date, _plans.uuid)
    with database.read() as connection:
        rows = connection.execute(statement)
        return [ExpirePlan(row.enterprise_uuid, row.uuid) for row in rows]


def _is_due(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return _plans.wound_up_at.is_(None), _plans.expiration_date <= at, _WITHOUT_RENEWAL


def expire_plan(
    session: Session, actor: Actor, command: ExpirePlan, *, at: datetime | None = None
) -> bool:
    """Marks the plan's licenses. Returns False when the plan's expiration was postponed in the
    meantime, which is checked under the lock of the plan."""
    at = at or clock.now()
    plan = lock_plan(session, command.enterprise_uuid, command.plan_uuid)
    statement = update(SubscriptionPlan).where(_plans.uuid == plan.uuid, *_is_due(at))
    if not session.connection().execute(statement.values(wound_up_at=at)).rowcount:
        return False
    session.connection().execute(
        update(License)
        .where(licenses.plan_uuid == plan.uuid, IS_LIVE, licenses.status == LicenseStatus.ACTIVATED)
        .values(is_ending=True, modified_at=at)
    )
    event = PlanExpired(
        object_id=plan.uuid,
        enterprise_uuid=plan.enterprise_uuid,
        changes={"wound_up_at": (None, at)},
        data=show_plan(session.connection(), plan.uuid, at=at),
        has_activated_licenses=bool(plan.seats.activated),
    )
    publish(session, actor, [event], at=at)
    return True


def end_batch(
    database: Database, gateway: LmsGateway, plan_uuid: UUID, *, at: datetime | None = None
) -> int:
    """Ends the enrollments of some licenses and returns how many licenses; zero when none is left.

    It opens its own transactions, one before the LMS is called and one after. A license stays
    marked while the LMS did not answer about one of its enrollments. Raises LmsUnavailable when
    that is so for all.
    """
    with database.transaction() as session:
        marked = _marked(session, plan_uuid)
        if not marked:
            return 0
        enterprise_uuid = marked[0].enterprise_uuid
        payers = _payers(session, [row.uuid for row in marked])
        seats = live_enrollments(session, enterprise_uuid, license_uuids=payers)
    outcomes = end_in_lms(database, gateway, seats) if seats else []
    _log_refused(plan_uuid, outcomes, seats)
    unanswered = _unanswered(outcomes, seats)
    settled = [uuid for uuid in payers if uuid not in unanswered]
    with database.transaction() as session:
        lock_plans(session, [plan_uuid])
        end_enrollments(
            session, ACTOR, enterprise_uuid, license_uuids=settled, at=at or clock.now()
        )
        waiting = _renewals_of(session, unanswered)
        done = [row.uuid for row in marked if row.uuid not in waiting]
        _unmark(session, done)
    if not done:
        require_answers(outcomes)
    return len(done)


def _unanswered(outcomes: Sequence[LmsOutcome], seats: Sequence[LmsEnrollment]) -> set[UUID]:
    """The licenses that pay for an enrollment about which the LMS did not answer."""
    return {
        seat.license_uuid
        for outcome, seat in zip(outcomes, seats, strict=True)
        if outcome.is_unavailable and seat.license_uuid is not None
    }


def find_plans_to_end(database: Database) -> list[UUID]:
    """Plans that have marked licenses."""
    with database.read() as connection:
        statement = select(licenses.plan_uuid).where(_IS_ENDING).distinct()
        return list(connection.scalars(statement.order_by(licenses.plan_uuid)))


def _marked(session: Session, plan_uuid: UUID) -> Sequence[License]:
    statement = select(License).where(licenses.plan_uuid == plan_uuid, _IS_ENDING)
    return session.scalars(statement.order_by(licenses.uuid).limit(BATCH)).all()


def _payers(session: Session, uuids: Sequence[UUID]) -> list[UUID]:
    """The licenses that may have paid: also those that these licenses renewed, but not those whose
    renewed license is still in use."""
    found = list(session.scalars(select(licenses.uuid).where(_is_any(session, uuids), ~_goes_on())))
    latest = found
    while latest:
        earlier = select(licenses.renewed_from_uuid).where(
            _is_any(session, latest), licenses.renewed_from_uuid.is_not(None)
        )
        latest = [uuid for uuid in session.scalars(earlier) if uuid is not None]
        found += latest
    return found


def _renewals_of(session: Session, uuids: AbstractSet[UUID]) -> set[UUID]:
    """These licenses and those that renewed them."""
    found, latest = set(uuids), list(uuids)
    while latest:
        later = select(licenses.uuid).where(is_any_of(session, License.renewed_from_uuid, latest))
        latest = list(set(session.scalars(later)) - found)
        found.update(latest)
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


def _log_refused(
    plan_uuid: UUID, outcomes: Sequence[LmsOutcome], seats: Sequence[LmsEnrollment]
) -> None:
    """Logs refusals. They are final, for example when the LMS does not know the enrollment, so that
    there is nothing to end."""
    for outcome, seat in zip(outcomes, seats, strict=True):
        if outcome.error is not None and not outcome.is_unavailable:
            _log.warning(
                "the LMS did not end an enrollment",
                plan=str(plan_uuid),
                courserun_key=seat.courserun_key,
                reason=outcome.error,
            )
