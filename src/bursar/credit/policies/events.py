"""What happens to subsidies and policies."""

from dataclasses import dataclass
from typing import ClassVar

from bursar.credit.policies.views import (
    PolicySummary,
    PolicyThreshold,
    SubsidyAdjustment,
    SubsidyDeposit,
    SubsidyExpiry,
    SubsidyItem,
)
from bursar.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsidyEvent(Event):
    object_type: ClassVar[str] = "subsidy"
    is_public: ClassVar[bool] = True

    data: SubsidyItem


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsidyCreated(SubsidyEvent):
    type: ClassVar[str] = "subsidy.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsidyChanged(SubsidyEvent):
    type: ClassVar[str] = "subsidy.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsidyDeposited(Event):
    """Money was deposited. The data is the subsidy after the whole change."""

    type: ClassVar[str] = "subsidy.deposited"
    object_type: ClassVar[str] = "subsidy"
    is_public: ClassVar[bool] = True

    data: SubsidyDeposit


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsidyAdjusted(Event):
    """The balance was corrected. The data is the subsidy after the whole change, and why."""

    type: ClassVar[str] = "subsidy.adjusted"
    object_type: ClassVar[str] = "subsidy"
    is_public: ClassVar[bool] = True

    data: SubsidyAdjustment


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsidyExpiring(Event):
    """The subsidy ends within so many days. Told once for each end, 30 days and 7 days before."""

    type: ClassVar[str] = "subsidy.expiring"
    object_type: ClassVar[str] = "subsidy"
    is_public: ClassVar[bool] = True

    data: SubsidyExpiry


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsidyExpired(Event):
    """The subsidy has ended. Told once for each end."""

    type: ClassVar[str] = "subsidy.expired"
    object_type: ClassVar[str] = "subsidy"
    is_public: ClassVar[bool] = True

    data: SubsidyExpiry


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyEvent(Event):
    """An event whose data is the policy as the list of policies shows it after the change."""

    object_type: ClassVar[str] = "policy"
    is_public: ClassVar[bool] = True

    data: PolicySummary


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCreated(PolicyEvent):
    type: ClassVar[str] = "policy.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChanged(PolicyEvent):
    type: ClassVar[str] = "policy.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRetired(PolicyEvent):
    """The policy was retired. Other fields may have changed with it."""

    type: ClassVar[str] = "policy.retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyThresholdReached(Event):
    """So much of the policy's limit is spent or allocated. Told once for each limit."""

    type: ClassVar[str] = "policy.threshold_reached"
    object_type: ClassVar[str] = "policy"
    is_public: ClassVar[bool] = True

    data: PolicyThreshold
