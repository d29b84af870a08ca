"""What paths can name of plans."""

from typing import Final

from sqlalchemy import bindparam

from bursar.subscriptions.plans.models import SubscriptionPlan
from bursar.web.principal import Owned

_plan = SubscriptionPlan.__table__

PLAN: Final = Owned(
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
