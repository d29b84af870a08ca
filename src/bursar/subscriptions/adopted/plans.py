"""Plans and renewals that are adopted. Of two versions of one, the one changed last counts."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.declarations import AdoptionOutcome, set_fields
from bursar.subscriptions.adopted.commands import AdoptedPlan, AdoptedRenewal, AdoptionRefused
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.locking import lock_plans
from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan
from bursar.subscriptions.plans.service import tell_put

_OWN: Final = frozenset({"uuid", "enterprise_uuid", "created_at"})
_COUNTS: Final = tuple(
    column.name for column in SubscriptionPlan.__table__.c if column.name.endswith("_count")
)
_licenses: Final = License.__table__.c


def put_plan(session: Session, plan: AdoptedPlan) -> AdoptionOutcome:
    """Without its licenses, and without news: `finish_plan` tells of it. Locks the plan."""
    lock_plans(session, [plan.uuid])
    stored = session.get(SubscriptionPlan, plan.uuid, populate_existing=True)
    if stored is None:
        is_locked = {"is_locked_for_renewal_processing": False}
        session.add(SubscriptionPlan(**asdict(plan), **is_locked, **dict.fromkeys(_COUNTS, 0)))
        session.flush()
        return "created"
    if stored.enterprise_uuid != plan.enterprise_uuid:
        raise AdoptionRefused(f"plan {plan.uuid} belongs to another enterprise here")
    return _brought_up_to_date(session, stored, asdict(plan))


def put_renewal(session: Session, renewal: AdoptedRenewal) -> AdoptionOutcome:
    stored = session.get(PlanRenewal, renewal.plan_uuid, populate_existing=True)
    if stored is None:
        session.add(PlanRenewal(**asdict(renewal)))
        session.flush()
        return "created"
    return _brought_up_to_date(session, stored, asdict(renewal))


def finish_plan(
    session: Session, actor: Actor, plan_uuid: UUID, *, is_new: bool, at: datetime
) -> None:
    """Counts the licenses, after all of them were put, and tells of the plan."""
    old = session.get_one(SubscriptionPlan, plan_uuid, populate_existing=True)
    changes = set_fields(old, _COUNTS, counted(session, plan_uuid))
    session.flush()
    tell_put(session, actor, old, changes, at, is_new=is_new)


def counted(session: Session, plan_uuid: UUID) -> dict[str, int]:
    """How many licenses of the plan there are, by the column that counts them."""
    statement = (
        select(_licenses.status, func.count(), func.count(_licenses.activated_at))
        .where(_licenses.plan_uuid == plan_uuid)
        .group_by(_licenses.status)
    )
    found = dict.fromkeys(_COUNTS, 0)
    for status, number, activated in session.execute(statement):
        found[f"{status}_count"] = number
        if status == LicenseStatus.REVOKED.value:
            found["revoked_activated_count"] = activated
    return found


def _brought_up_to_date(
    session: Session, stored: SubscriptionPlan | PlanRenewal, values: dict[str, Any]
) -> AdoptionOutcome:
    if stored.modified_at > values["modified_at"]:
        return "kept"
    changes = set_fields(stored, values.keys() - _OWN, values)
    session.flush()
    return "changed" if changes else "unchanged"
