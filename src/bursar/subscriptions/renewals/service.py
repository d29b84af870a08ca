"""A renewal's day: the plan that follows exists, and the learners keep their licences in it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import BigInteger, ColumnElement, String, Uuid, exists, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from bursar import clock
from bursar.actors import Actor
from bursar.audit.service import Change, record
from bursar.database.bulk import is_any_of
from bursar.database.engine import Database
from bursar.database.rows import given_rows
from bursar.database.types import AnyRow, Instant
from bursar.settings import Settings
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.seats import IS_LIVE, add_unassigned, licenses, take_unassigned
from bursar.subscriptions.licenses.service import license_change
from bursar.subscriptions.licenses.states import LIVE, LicenseStatus
from bursar.subscriptions.plans.creation import new_plan
from bursar.subscriptions.plans.locking import LockedPlan, Movement, lock_plan, move
from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan

ACTOR: Final = Actor("task:process-renewals")
BATCH: Final = 10_000

_log = structlog.get_logger(__name__)
_KEPT: Final = (
    "enterprise_catalog_uuid",
    "is_active",
    "is_revocation_cap_enabled",
    "revoke_max_percentage",
    "should_auto_apply_licenses",
)


class TooSmall(Exception):
    """The renewal has fewer licences than learners hold."""


def process_renewals(database: Database, _settings: Settings) -> Mapping[str, int]:
    """Each that is due in a transaction of its own; one that cannot be is reported and waits."""
    now = clock.now()
    counts = {"processed": 0, "copied": 0, "refused": 0}
    for enterprise_uuid, plan_uuid in _due(database, now):
        try:
            with database.transaction() as session:
                copied = process_renewal(session, ACTOR, enterprise_uuid, plan_uuid, now)
        except TooSmall as error:
            _log.error("renewal refused", plan=str(plan_uuid), reason=str(error))
            counts["refused"] += 1
            continue
        if copied is not None:
            counts["processed"] += 1
            counts["copied"] += copied
    return counts


def _due(database: Database, now: datetime) -> list[tuple[UUID, UUID]]:
    """Earliest first, so that a renewed plan exists before its own renewal comes."""
    statement = (
        select(PlanRenewal.enterprise_uuid, PlanRenewal.plan_uuid)
        .where(PlanRenewal.processed_at.is_(None), PlanRenewal.effective_date <= now)
        .order_by(PlanRenewal.effective_date, PlanRenewal.plan_uuid)
    )
    with database.read() as connection:
        return [(row.enterprise_uuid, row.plan_uuid) for row in connection.execute(statement)]


def process_renewal(
    session: Session, actor: Actor, enterprise_uuid: UUID, plan_uuid: UUID, now: datetime
) -> int | None:
    """How many licences were copied; None when there is nothing to do any more.

    Raises TooSmall; the caller must then roll back.
    """
    prior = lock_plan(session, enterprise_uuid, plan_uuid)
    renewal = session.get(PlanRenewal, plan_uuid, populate_existing=True)
    if renewal is None or renewal.processed_at is not None or renewal.effective_date > now:
        return None
    renewed = _renewed_plan(session, prior, renewal, now)
    copied = _copy_all(session, actor, prior, renewed, now)
    renewal.processed_at = renewal.modified_at = now
    details = {"renewed_plan_uuid": str(renewed.uuid), "licenses": copied}
    change = Change("plan.renewed", "subscription_plan", str(plan_uuid), enterprise_uuid, details)
    record(session, actor, [change])
    return copied


def _renewed_plan(
    session: Session, prior: LockedPlan, renewal: PlanRenewal, now: datetime
) -> LockedPlan:
    """With at least the seats of the renewal; one that was declared by itself keeps its terms."""
    wanted, in_use = renewal.number_of_licenses, prior.seats.allocated
    if wanted < in_use:
        raise TooSmall(f"{wanted} licenses for {in_use} in use")
    stored = session.get(SubscriptionPlan, renewal.renewed_plan_uuid)
    if stored is None:
        source = session.get_one(SubscriptionPlan, prior.uuid)
        fields = {name: getattr(source, name) for name in _KEPT} | {
            "title": renewal.title or source.title,
            "start_date": renewal.effective_date,
            "expiration_date": renewal.renewed_expiration_date,
        }
        session.add(new_plan(renewal.renewed_plan_uuid, prior.enterprise_uuid, fields, now))
        session.flush()
    elif stored.enterprise_uuid != prior.enterprise_uuid:
        raise TooSmall("the plan that follows belongs to another enterprise")
    plan = lock_plan(session, prior.enterprise_uuid, renewal.renewed_plan_uuid)
    missing = max(0, wanted - plan.seats.total)
    if plan.seats.unassigned + missing < _number_to_copy(session, prior.uuid, plan.uuid):
        raise TooSmall("the plan that follows has too few unassigned licenses")
    if missing:
        add_unassigned(session, plan.enterprise_uuid, plan.uuid, missing, now)
        move(session, {plan.uuid: Movement(unassigned=missing)})
    return plan


def _to_copy(prior_uuid: UUID, renewed_uuid: UUID) -> tuple[ColumnElement[bool], ...]:
    theirs = License.__table__.alias("theirs")
    has_one = exists().where(
        theirs.c.plan_uuid == renewed_uuid,
        theirs.c.user_email == licenses.user_email,
        theirs.c.status.in_([status.value for status in LIVE]),
    )
    return licenses.plan_uuid == prior_uuid, IS_LIVE, ~has_one


def _number_to_copy(session: Session, prior_uuid: UUID, renewed_uuid: UUID) -> int:
    condition = _to_copy(prior_uuid, renewed_uuid)
    statement = select(func.count()).select_from(License.__table__).where(*condition)
    return session.execute(statement).scalar_one()


def _copy_all(
    session: Session, actor: Actor, prior: LockedPlan, renewed: LockedPlan, now: datetime
) -> int:
    statuses: Counter[str] = Counter()
    statement = select(*licenses).where(*_to_copy(prior.uuid, renewed.uuid))
    statement = statement.order_by(licenses.uuid).limit(BATCH)
    rows = session.connection().execute(statement).all()
    while rows:
        _copy(session, actor, renewed, rows, now)
        statuses.update(row.status for row in rows)
        rows = session.connection().execute(statement.where(licenses.uuid > rows[-1].uuid)).all()
    number, activated = statuses.total(), statuses[LicenseStatus.ACTIVATED]
    movement = Movement(unassigned=-number, assigned=number - activated, activated=activated)
    move(session, {renewed.uuid: movement})
    return number


_GIVEN: Final[dict[str, TypeEngine[Any]]] = {
    "uuid": Uuid(as_uuid=True),
    "renewed_from_uuid": Uuid(as_uuid=True),
    "user_email": String(),
    "user_sfid": String(),
    "lms_user_id": BigInteger(),
    "assigned_at": Instant(),
}
_COPIED: Final = tuple(name for name in _GIVEN if name != "uuid")


def _copy(
    session: Session, actor: Actor, renewed: LockedPlan, rows: Sequence[AnyRow], now: datetime
) -> None:
    uuids = take_unassigned(session, renewed.uuid, len(rows))
    pairs = list(zip(uuids, rows, strict=True))
    given = given_rows(
        session,
        _GIVEN,
        [
            (uuid, row.uuid, row.user_email, row.user_sfid, row.lms_user_id, row.assigned_at)
            for uuid, row in pairs
        ],
    )
    copied = {name: given.c[name] for name in _COPIED}
    session.connection().execute(
        update(License)
        .where(licenses.uuid == given.c.uuid)
        .values(status=LicenseStatus.ASSIGNED.value, modified_at=now, **copied)
    )
    _activate(session, [uuid for uuid, row in pairs if row.status == LicenseStatus.ACTIVATED], now)
    changes = [
        license_change("renewed", renewed, uuid, {"renewed_from": str(row.uuid)})
        for uuid, row in pairs
    ]
    record(session, actor, changes)


def _activate(session: Session, uuids: Sequence[UUID], now: datetime) -> None:
    """As of when the licence before was."""
    before = License.__table__.alias("before")
    session.connection().execute(
        update(License)
        .where(is_any_of(session, License.uuid, uuids))
        .where(before.c.uuid == licenses.renewed_from_uuid)
        .values(
            status=LicenseStatus.ACTIVATED.value,
            activated_at=before.c.activated_at,
            modified_at=now,
        )
    )
