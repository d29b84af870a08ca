"""What happens to plans. Each event carries the plan as its list shows it."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from bursar.events.event import Event
from bursar.subscriptions.plans.views import PlanItem


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEvent(Event):
    object_type: ClassVar[str] = "subscription_plan"
    is_public: ClassVar[bool] = True

    enterprise_uuid: UUID
    data: PlanItem


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCreated(PlanEvent):
    type: ClassVar[str] = "plan.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChanged(PlanEvent):
    """The terms of the plan, the number of its licenses, or its renewal changed."""

    type: ClassVar[str] = "plan.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRenewed(PlanEvent):
    """The learners of the plan hold their licenses in the plan that follows as well."""

    type: ClassVar[str] = "plan.renewed"

    renewed_plan_uuid: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSeatsLow(PlanEvent):
    """Less than a tenth of the licenses is left to assign, and it was more before this change."""

    type: ClassVar[str] = "plan.seats_low"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanExpiring(PlanEvent):
    """The plan ends soon, and no renewal follows. Told once for each end, 30 days and 7 days
    before."""

    type: ClassVar[str] = "plan.expiring"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanExpired(PlanEvent):
    """The plan has expired without a renewal, so the enrollments that it paid for have to end."""

    type: ClassVar[str] = "plan.expired"

    has_activated_licenses: bool
    """Whether its licenses may have paid for enrollments, which then have to end."""
