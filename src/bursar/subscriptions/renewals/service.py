"""The front door of renewals: on the day, the learners get licenses of the plan that follows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.database.types import AnyRow
from bursar.events.event import Plain
from bursar.events.service import publish
from bursar.subscriptions.licenses import seats
from bursar.subscriptions.licenses.events import LicenseRenewed
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.queries import IS_LIVE, SHOWN, licenses
from bursar.subscriptions.licenses.states import LIVE, LicenseStatus
from bursar.subscriptions.licenses.views import license_item
from bursar.subscriptions.plans.creation import new_plan
from bursar.subscriptions.plans.events import PlanCreated, PlanRenewed
from bursar.subscriptions.plans.locking import (
    CountsDelta,
    LockedPlan,
    change_counts,
    lock_plan,
    lock_plans,
)
from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan
from bursar.subscriptions.plans.seats_low import seats_after, tell_if_low
from bursar.subscriptions.plans.service import show_plan
from bursar.subscriptions.renewals.commands import ProcessRenewal
from bursar.subscriptions.renewals.refusals import RenewalRefused

BATCH: Final = 10_000
"""Licenses that are copied together."""

_KEPT: Final = (
    "enterprise_catalog_uuid",
    "is_active",
    "is_revocation_cap_enabled",
    "revoke_max_percentage",
    "should_auto_apply_licenses",
)
"""The fields that the plan that follows copies from its predecessor."""


def process_renewal(
    session: Session, actor: Actor, command: ProcessRenewal, *, at: datetime | None = None
) -> int | None:
    """Processes a renewal and returns how many licenses were copied, or None if it was processed
    before.

    Raises RenewalRefused, after which the caller must roll back.
    """
    at = at or clock.now()
    _lock_both(session, command)
    prior = lock_plan(session, command.enterprise_uuid, command.plan_uuid)
    renewal = session.get(PlanRenewal, prior.uuid, populate_existing=True)
    if renewal is None or renewal.processed_at is not None or renewal.effective_date > at:
        return None
    renewed = _renewed_plan(session, actor, prior, renewal, at)
    copied = _copy_all(session, actor, prior, renewed, at)
    renewal.processed_at = renewal.modified_at = at
    session.flush()
    event = PlanRenewed(
        object_id=prior.uuid,
        enterprise_uuid=prior.enterprise_uuid,
        changes={"renewed_plan_uuid": (None, renewed.uuid), "licenses_copied": (0, copied)},
        data=show_plan(session.connection(), prior.uuid, at=at),
        renewed_plan_uuid=renewed.uuid,
    )
    publish(session, actor, [event], at=at)
    return copied


def _lock_both(session: Session, command: ProcessRenewal) -> None:
    """Locks the plan and the one that follows, if it exists, in the order in which everyone locks
    several plans. The renewal is not locked yet: it is read again under the lock of its plan."""
    statement = select(PlanRenewal.renewed_plan_uuid).where(
        PlanRenewal.plan_uuid == command.plan_uuid,
        PlanRenewal.enterprise_uuid == command.enterprise_uuid,
    )
    renewed_uuid = session.scalars(statement).first()
    if renewed_uuid is not None:
        lock_plans(session, [command.plan_uuid, renewed_uuid])


def _renewed_plan(
    session: Session, actor: Actor, prior: LockedPlan, renewal: PlanRenewal, at: datetime
) -> LockedPlan:
    """The plan that follows, with at least the licenses of the renewal. A plan that was declared
    before keeps its terms."""
    wanted, in_use = renewal.number_of_licenses, prior.seats.allocated
    if wanted < in_use:
        raise RenewalRefused(prior.uuid, f"{wanted} licenses for {in_use} in use")
    stored = session.get(SubscriptionPlan, renewal.renewed_plan_uuid)
    fields: dict[str, Plain] = {}
    if stored is None:
        source = session.get_one(SubscriptionPlan, prior.uuid)
        fields = {name: getattr(source, name) for name in _KEPT} | {
            "title": renewal.title or source.title,
            "start_date": renewal.effective_date,
            "expiration_date": renewal.renewed_expiration_date,
        }
        session.add(new_plan(renewal.renewed_plan_uuid, prior.enterprise_uuid, fields, at))
        session.flush()
    elif stored.enterprise_uuid != prior.enterprise_uuid:
        reason = "the plan that follows belongs to another enterprise"
        raise RenewalRefused(prior.uuid, reason)
    plan = lock_plan(session, prior.enterprise_uuid, renewal.renewed_plan_uuid)
    missing = max(0, wanted - plan.seats.total)
    if plan.seats.unassigned + missing < _number_to_copy(session, prior.uuid, plan.uuid):
        reason = "the plan that follows has too few unassigned licenses"
        raise RenewalRefused(prior.uuid, reason)
    if missing:
        seats.add_unassigned(session, plan.enterprise_uuid, plan.uuid, missing, at)
        more = CountsDelta(unassigned=missing)
        change_counts(session, {plan.uuid: more})
        plan = replace(plan, seats=seats_after(plan.seats, more))
    if stored is None:
        event = PlanCreated(
            object_id=plan.uuid,
            enterprise_uuid=plan.enterprise_uuid,
            changes={name: (None, value) for name, value in fields.items()},
            data=show_plan(session.connection(), plan.uuid, at=at),
            is_first=True,
        )
        publish(session, actor, [event], at=at)
    return plan


def _to_copy(prior_uuid: UUID, renewed_uuid: UUID) -> tuple[ColumnElement[bool], ...]:
    """Conditions for the licenses of learners who do not hold a license of the plan that follows
    yet."""
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
    session: Session, actor: Actor, prior: LockedPlan, renewed: LockedPlan, at: datetime
) -> int:
    """Copies the licenses and returns how many. Events are published for each batch, because a plan
    may have a million licenses."""
    statuses: Counter[str] = Counter()
    statement = select(*SHOWN).where(*_to_copy(prior.uuid, renewed.uuid))
    statement = statement.order_by(licenses.uuid).limit(BATCH)
    rows = session.connection().execute(statement).all()
    while rows:
        _copy(session, actor, renewed, rows, at)
        statuses.update(row.status for row in rows)
        rows = session.connection().execute(statement.where(licenses.uuid > rows[-1].uuid)).all()
    number, activated = statuses.total(), statuses[LicenseStatus.ACTIVATED]
    delta = CountsDelta(unassigned=-number, assigned=number - activated, activated=activated)
    change_counts(session, {renewed.uuid: delta})
    now = seats_after(renewed.seats, delta)
    tell_if_low(session, actor, renewed.uuid, renewed.seats, now, at=at)
    return number


def _copy(
    session: Session, actor: Actor, renewed: LockedPlan, rows: Sequence[AnyRow], at: datetime
) -> None:
    uuids = seats.take_unassigned(session, renewed.uuid, len(rows))
    copies = list(zip(uuids, rows, strict=True))
    seats.write_copies(session, copies, at)
    events = [
        LicenseRenewed(
            object_id=uuid,
            enterprise_uuid=renewed.enterprise_uuid,
            changes={
                "status": (LicenseStatus.UNASSIGNED, row.status),
                "user_email": (None, row.user_email),
            },
            data=msgspec.structs.replace(
                license_item(row), uuid=uuid, subscription_plan_uuid=renewed.uuid
            ),
            # There are no earlier events about a license, because it had no learner.
            is_first=True,
            email=row.user_email,
            renewed_from_uuid=row.uuid,
        )
        for uuid, row in copies
    ]
    publish(session, actor, events, at=at)
