"""Locks plans and changes their counts. Only here are counts read to make a decision.

On PostgreSQL the plan's row is locked; on SQLite one transaction writes at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.orm import Session

from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan
from bursar.subscriptions.plans.rules import Revocations, Seats, Terms, revocations

_plans, _renewals = SubscriptionPlan.__table__, PlanRenewal.__table__


@dataclass(frozen=True, slots=True)
class LockedPlan:
    """A plan as it is while this transaction holds it."""

    uuid: UUID
    enterprise_uuid: UUID
    title: str
    terms: Terms
    seats: Seats
    revocations: Revocations | None


@dataclass(frozen=True, slots=True)
class CountsDelta:
    """What a change adds to a plan's counts."""

    unassigned: int = 0
    assigned: int = 0
    activated: int = 0
    revoked: int = 0
    revoked_activated: int = 0


def _lock_statement() -> Select[Any]:
    return (
        select(_plans, _renewals.c.effective_date.label("renewal_date"))
        .select_from(
            _plans.outerjoin(
                _renewals,
                (_renewals.c.plan_uuid == _plans.c.uuid) & _renewals.c.processed_at.is_(None),
            )
        )
        .where(
            _plans.c.uuid == bindparam("plan_uuid"),
            _plans.c.enterprise_uuid == bindparam("enterprise_uuid"),
        )
        .with_for_update(of=_plans, key_share=True)
    )


_LOCK: Final = _lock_statement()
_LOCK_MANY: Final = (
    select(_plans.c.uuid)
    .where(_plans.c.uuid.in_(bindparam("plan_uuids", expanding=True)))
    .order_by(_plans.c.uuid)
    .with_for_update(key_share=True)
)
_CHANGE_COUNTS: Final = (
    update(SubscriptionPlan)
    .where(_plans.c.uuid == bindparam("plan_uuid"))
    .values(
        {
            f"{name}_count": _plans.c[f"{name}_count"] + bindparam(name)
            for name in CountsDelta.__dataclass_fields__
        }
    )
)


def lock_plan(session: Session, enterprise_uuid: UUID, plan_uuid: UUID) -> LockedPlan:
    """Locks the plan until the transaction ends. Raises NoResultFound for an unknown plan."""
    values = {"plan_uuid": plan_uuid, "enterprise_uuid": enterprise_uuid}
    row = session.connection().execute(_LOCK, values).mappings().one()
    return plan_of_row(row)


def plan_of_row(row: Mapping[Any, Any]) -> LockedPlan:
    """The plan of a row with the columns of SubscriptionPlan, and `renewal_date` of a renewal that
    is not processed yet."""
    seats = Seats(
        row["unassigned_count"],
        row["assigned_count"],
        row["activated_count"],
        row["revoked_count"],
        row["revoked_activated_count"],
    )
    return LockedPlan(
        row["uuid"],
        row["enterprise_uuid"],
        row["title"],
        Terms(
            row["is_active"],
            row["start_date"],
            row["expiration_date"],
            row["is_locked_for_renewal_processing"],
            row["renewal_date"],
        ),
        seats,
        revocations(
            seats,
            is_capped=row["is_revocation_cap_enabled"],
            percentage=row["revoke_max_percentage"],
        ),
    )


def lock_plans(session: Session, plan_uuids: Sequence[UUID]) -> None:
    """Locks the plans, always in the same order, so that two transactions cannot deadlock."""
    session.connection().execute(_LOCK_MANY, {"plan_uuids": sorted(plan_uuids)}).all()


def lock_enterprise_plans(session: Session, enterprise_uuid: UUID) -> None:
    """Locks every plan of an enterprise until the transaction ends. Who holds budgets too has taken
    those before."""
    mine = select(_plans.c.uuid).where(_plans.c.enterprise_uuid == enterprise_uuid)
    lock_plans(session, list(session.scalars(mine)))


def change_counts(session: Session, deltas: Mapping[UUID, CountsDelta]) -> None:
    """Changes the counts of several plans, which the caller has locked."""
    values = [
        {"plan_uuid": plan_uuid}
        | {name: getattr(delta, name) for name in CountsDelta.__dataclass_fields__}
        for plan_uuid, delta in deltas.items()
    ]
    session.connection().execute(_CHANGE_COUNTS, values)
