"""The front door for declared plans. Plans are created by manifests and by renewals only.

All functions expect the caller's transaction.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.catalog.catalogs.service import enterprises_of
from bursar.declarations import DeclarationOutcome, Problem, are_out_of_order, missing
from bursar.events.event import Plain
from bursar.subscriptions.declared.commands import (
    DeclaredPlan,
    DeclaredRenewal,
    PlanFields,
    PutPlan,
)
from bursar.subscriptions.declared.refusals import PlanRefused
from bursar.subscriptions.declared.renewals import put_renewal, renewal_problems
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.queries import licenses
from bursar.subscriptions.licenses.seats import add_unassigned, remove_unassigned
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.creation import DEFAULTS, FIELDS, REQUIRED, new_plan
from bursar.subscriptions.plans.locking import CountsDelta, change_counts, lock_plans
from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan
from bursar.subscriptions.plans.rules import Seats
from bursar.subscriptions.plans.seats_low import seats_of, tell_if_low
from bursar.subscriptions.plans.service import tell_put

_SIZE: Final = "num_licenses"


def list_declared(session: Session, enterprise_uuid: UUID) -> list[DeclaredPlan]:
    """Every plan of the enterprise, oldest first."""
    rows = session.execute(
        select(SubscriptionPlan, PlanRenewal)
        .outerjoin(PlanRenewal, PlanRenewal.plan_uuid == SubscriptionPlan.uuid)
        .where(SubscriptionPlan.enterprise_uuid == enterprise_uuid)
        .order_by(SubscriptionPlan.created_at, SubscriptionPlan.uuid)
    )
    return [_declared(plan, renewal) for plan, renewal in rows]


def _declared(plan: SubscriptionPlan, renewal: PlanRenewal | None) -> DeclaredPlan:
    return DeclaredPlan(
        uuid=plan.uuid,
        title=plan.title,
        start_date=plan.start_date,
        expiration_date=plan.expiration_date,
        enterprise_catalog_uuid=plan.enterprise_catalog_uuid,
        is_active=plan.is_active,
        num_licenses=_size(plan),
        is_revocation_cap_enabled=plan.is_revocation_cap_enabled,
        revoke_max_percentage=plan.revoke_max_percentage,
        should_auto_apply_licenses=plan.should_auto_apply_licenses,
        is_locked_for_renewal_processing=plan.is_locked_for_renewal_processing,
        renewals=() if renewal is None else (_declared_renewal(renewal),),
        modified_at=plan.modified_at,
    )


def _declared_renewal(renewal: PlanRenewal) -> DeclaredRenewal:
    return DeclaredRenewal(
        uuid=renewal.renewed_plan_uuid,
        title=renewal.title,
        effective_date=renewal.effective_date,
        renewed_expiration_date=renewal.renewed_expiration_date,
        number_of_licenses=renewal.number_of_licenses,
    )


def put_plan(
    session: Session, actor: Actor, command: PutPlan, *, at: datetime | None = None
) -> DeclarationOutcome:
    """Raises PlanRefused."""
    at = at or clock.now()
    enterprise_uuid, fields = command.enterprise_uuid, command.fields
    lock_plans(session, [command.plan_uuid])
    stored = session.get(SubscriptionPlan, command.plan_uuid, populate_existing=True)
    renewals = fields.get("renewals") or ()
    before = Seats()
    problems = [
        *_problems(session, stored, enterprise_uuid, fields),
        *renewal_problems(session, command.plan_uuid, enterprise_uuid, renewals),
    ]
    if problems:
        raise PlanRefused(problems)
    if stored is None:
        plan = new_plan(command.plan_uuid, enterprise_uuid, fields, at)
        changes: dict[str, tuple[Plain, Plain]] = {
            name: (None, getattr(plan, name)) for name in FIELDS
        }
        session.add(plan)
    else:
        plan = stored
        before = seats_of(plan)
        changes = _set_fields(session, plan, fields, at)
    session.flush()
    changes |= _resize(session, plan, fields, at)
    for renewal in renewals:
        changed = put_renewal(session, plan, renewal, at)
        changes |= {f"renewals[0].{name}": values for name, values in changed.items()}
    if stored is not None and not changes:
        return "unchanged"
    plan.modified_at = at
    session.flush()
    tell_put(session, actor, plan, changes, at, is_new=stored is None)
    tell_if_low(session, actor, plan.uuid, before, seats_of(plan), at=at)
    return "created" if stored is None else "changed"


def _problems(
    session: Session,
    stored: SubscriptionPlan | None,
    enterprise_uuid: UUID,
    fields: PlanFields,
) -> Iterator[Problem]:
    if stored is not None and stored.enterprise_uuid != enterprise_uuid:
        yield "uuid", "belongs to another enterprise"
        return
    yield from missing(REQUIRED, fields, is_new=stored is None)
    if are_out_of_order("start_date", "expiration_date", stored, fields):
        yield "expiration_date", "must be later than start_date"
    if catalog_uuid := fields.get("enterprise_catalog_uuid"):
        owners = enterprises_of(session, [catalog_uuid])
        if owners.get(catalog_uuid) != enterprise_uuid:
            yield "enterprise_catalog_uuid", "no such catalog"
    wanted = fields.get("num_licenses")
    if stored is not None and wanted is not None:
        in_use = stored.assigned_count + stored.activated_count
        if wanted < in_use:
            yield _SIZE, f"{in_use} licenses are in use"


def _set_fields(
    session: Session, plan: SubscriptionPlan, fields: PlanFields, at: datetime
) -> dict[str, tuple[Plain, Plain]]:
    """Sets the fields, and returns the old and the new value of each that changed."""
    declared = cast("Mapping[str, Plain]", fields)
    given = {
        name: DEFAULTS[name] if declared[name] is None else declared[name]
        for name in FIELDS
        if name in declared
    }
    changes = {
        name: (getattr(plan, name), value)
        for name, value in given.items()
        if getattr(plan, name) != value
    }
    for name, (_, new) in changes.items():
        setattr(plan, name, new)
    if plan.wound_up_at is not None and plan.expiration_date > at:
        _take_up_again(session, plan)
    return changes


def _take_up_again(session: Session, plan: SubscriptionPlan) -> None:
    """Makes a plan that had expired usable again. Enrollments that have ended stay ended; the
    others continue."""
    plan.wound_up_at = None
    session.connection().execute(
        update(License)
        .where(licenses.plan_uuid == plan.uuid, licenses.status == LicenseStatus.ACTIVATED)
        .values(is_ending=False)
    )


def _size(plan: SubscriptionPlan) -> int:
    return plan.unassigned_count + plan.assigned_count + plan.activated_count


def _resize(
    session: Session, plan: SubscriptionPlan, fields: PlanFields, at: datetime
) -> dict[str, tuple[Plain, Plain]]:
    wanted, size = fields.get("num_licenses"), _size(plan)
    if wanted is None or wanted == size:
        return {}
    if wanted > size:
        add_unassigned(session, plan.enterprise_uuid, plan.uuid, wanted - size, at)
    else:
        remove_unassigned(session, plan.uuid, size - wanted)
    change_counts(session, {plan.uuid: CountsDelta(unassigned=wanted - size)})
    session.refresh(plan)
    return {_SIZE: (size, wanted)}
