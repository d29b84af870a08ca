"""Renewals as an operator declares them: one for a plan, into a plan of the same enterprise."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.declarations import Problem, are_out_of_order, missing
from bursar.events.event import Plain
from bursar.subscriptions.declared.commands import RenewalFields
from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan
from bursar.subscriptions.plans.rules import chain

_FIELDS: Final = ("title", "effective_date", "renewed_expiration_date", "number_of_licenses")
_REQUIRED: Final = ("effective_date", "renewed_expiration_date", "number_of_licenses")


def renewal_problems(
    session: Session,
    plan_uuid: UUID,
    enterprise_uuid: UUID,
    renewals: Sequence[RenewalFields],
) -> Iterator[Problem]:
    if len(renewals) > 1:
        yield "renewals[1]", "a plan is renewed once"
        return
    for renewal in renewals:
        stored = session.get(PlanRenewal, plan_uuid, populate_existing=True)
        problems = (
            *_target_problems(session, stored, plan_uuid, enterprise_uuid, renewal["uuid"]),
            *_field_problems(stored, renewal),
        )
        yield from ((f"renewals[0].{field}", why) for field, why in problems)


def _target_problems(
    session: Session,
    stored: PlanRenewal | None,
    plan_uuid: UUID,
    enterprise_uuid: UUID,
    renewed_uuid: UUID,
) -> Iterator[Problem]:
    if stored is not None and stored.renewed_plan_uuid != renewed_uuid:
        yield "uuid", f"the plan is renewed into {stored.renewed_plan_uuid} already"
        return
    renewed = session.get(SubscriptionPlan, renewed_uuid)
    if renewed is not None and renewed.enterprise_uuid != enterprise_uuid:
        yield "uuid", "belongs to another enterprise"
    other = session.scalar(
        select(PlanRenewal.plan_uuid).where(
            PlanRenewal.renewed_plan_uuid == renewed_uuid, PlanRenewal.plan_uuid != plan_uuid
        )
    )
    if other is not None:
        yield "uuid", f"follows the plan {other} already"
    if _comes_back(session, plan_uuid, enterprise_uuid, renewed_uuid):
        yield "uuid", "a plan cannot follow itself"


def _comes_back(
    session: Session, plan_uuid: UUID, enterprise_uuid: UUID, renewed_uuid: UUID
) -> bool:
    rows = session.execute(
        select(PlanRenewal.plan_uuid, PlanRenewal.renewed_plan_uuid).where(
            PlanRenewal.enterprise_uuid == enterprise_uuid
        )
    )
    links = {row.plan_uuid: (row.renewed_plan_uuid, row.renewed_plan_uuid) for row in rows}
    return plan_uuid in {renewed_uuid, *chain(renewed_uuid, links)}


def _field_problems(stored: PlanRenewal | None, renewal: RenewalFields) -> Iterator[Problem]:
    yield from missing(_REQUIRED, renewal, is_new=stored is None)
    if are_out_of_order("effective_date", "renewed_expiration_date", stored, renewal):
        yield "renewed_expiration_date", "must be later than effective_date"
    if stored is not None and stored.processed_at is not None:
        for name in _changes(stored, renewal):
            yield name, "the renewal is processed and cannot be changed"


def _changes(stored: PlanRenewal | None, renewal: RenewalFields) -> dict[str, tuple[Plain, Plain]]:
    """The old and the new value of each field that the declaration changes."""
    declared = cast("Mapping[str, Plain]", renewal)
    given = {name: declared[name] for name in _FIELDS if declared.get(name) is not None}
    old = {name: None if stored is None else getattr(stored, name) for name in given}
    return {name: (old[name], value) for name, value in given.items() if old[name] != value}


def put_renewal(
    session: Session, plan: SubscriptionPlan, renewal: RenewalFields, at: datetime
) -> dict[str, tuple[Plain, Plain]]:
    """Stores a renewal and returns the old and the new value of each field that changed.

    `renewal_problems` must have found no problem in the declaration.
    """
    stored = session.get(PlanRenewal, plan.uuid)
    changes = _changes(stored, renewal)
    if stored is None:
        changes["uuid"] = (None, renewal["uuid"])
        stored = PlanRenewal(
            plan_uuid=plan.uuid,
            renewed_plan_uuid=renewal["uuid"],
            enterprise_uuid=plan.enterprise_uuid,
            title="",
            processed_at=None,
            created_at=at,
        )
        session.add(stored)
    for name in changes.keys() & set(_FIELDS):
        setattr(stored, name, changes[name][1])
    if changes:
        stored.modified_at = at
    return changes
