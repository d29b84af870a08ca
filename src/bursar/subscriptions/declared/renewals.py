"""Renewals as an operator declares them: one for a plan, into a plan of the same enterprise."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan
from bursar.subscriptions.plans.rules import chain

Problem: TypeAlias = tuple[str, str]
"""The field, as a path below the plan, and what is wrong with it."""

_FIELDS: Final = ("title", "effective_date", "renewed_expiration_date", "number_of_licenses")
_REQUIRED: Final = ("effective_date", "renewed_expiration_date", "number_of_licenses")


def renewal_problems(
    session: Session,
    plan_uuid: UUID,
    enterprise_uuid: UUID,
    renewals: Sequence[Mapping[str, Any]],
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


def _field_problems(stored: PlanRenewal | None, renewal: Mapping[str, Any]) -> Iterator[Problem]:
    for name in _REQUIRED:
        if renewal.get(name) is None and (stored is None or name in renewal):
            yield name, "required"
    effective, expiration = (
        renewal.get(name) or (stored and getattr(stored, name)) for name in _REQUIRED[:2]
    )
    if effective and expiration and expiration <= effective:
        yield "renewed_expiration_date", "must be later than effective_date"
    if stored is not None and stored.processed_at is not None:
        for name in _changes(stored, renewal):
            yield name, "the renewal is processed and cannot be changed"


def _changes(stored: PlanRenewal, renewal: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {name: renewal[name] for name in _FIELDS if renewal.get(name) is not None}
    return {name: value for name, value in wanted.items() if getattr(stored, name) != value}


def put_renewal(
    session: Session, plan: SubscriptionPlan, renewal: Mapping[str, Any], now: datetime
) -> bool:
    """Whether that changes anything. For what `renewal_problems` found nothing wrong with."""
    stored = session.get(PlanRenewal, plan.uuid)
    if stored is None:
        session.add(_new(plan, renewal, now))
        return True
    changes = _changes(stored, renewal)
    for name, value in changes.items():
        setattr(stored, name, value)
    if changes:
        stored.modified_at = now
    return bool(changes)


def _new(plan: SubscriptionPlan, renewal: Mapping[str, Any], now: datetime) -> PlanRenewal:
    return PlanRenewal(
        plan_uuid=plan.uuid,
        renewed_plan_uuid=renewal["uuid"],
        enterprise_uuid=plan.enterprise_uuid,
        processed_at=None,
        created_at=now,
        modified_at=now,
        **{"title": "", **{name: renewal[name] for name in _FIELDS if name in renewal}},
    )
