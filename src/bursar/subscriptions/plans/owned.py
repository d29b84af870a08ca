"""The plans that paths can name."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam

from bursar.subscriptions.plans.models import SubscriptionPlan
from bursar.tenancy import Owned

_plan = SubscriptionPlan.__table__


@dataclass(frozen=True, slots=True)
class PlanTarget:
    """A plan with its counts, so that its list of licenses need not be counted."""

    enterprise_uuid: UUID
    uuid: UUID
    unassigned_count: int
    assigned_count: int
    activated_count: int
    revoked_count: int


PLAN: Final = Owned(
    PlanTarget,
    source=_plan,
    enterprise=_plan.c.enterprise_uuid,
    condition=_plan.c.uuid == bindparam("subscription_plan_uuid"),
    columns=(
        _plan.c.uuid,
        _plan.c.unassigned_count,
        _plan.c.assigned_count,
        _plan.c.activated_count,
        _plan.c.revoked_count,
    ),
)
