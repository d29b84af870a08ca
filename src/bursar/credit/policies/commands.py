"""What is declared of subsidies and policies, and what is read back.

Fields that are UNSET stay as they are; of something new they take their default.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from msgspec import UNSET, UnsetType

from bursar.credit.policies.views import PolicySummary
from bursar.pages import Page

Instant: TypeAlias = datetime | UnsetType | None
Count: TypeAlias = int | UnsetType | None


@dataclass(frozen=True, slots=True)
class Deposit:
    uuid: UUID
    amount: int
    """Cents."""
    date: datetime


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A correction of the balance: money that was entered wrongly, or taken back."""

    uuid: UUID
    amount: int
    """Cents; either sign."""
    date: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PutSubsidy:
    """Creates or changes a subsidy, and enters into its ledger each deposit and each adjustment
    that is not there."""

    uuid: UUID
    enterprise_uuid: UUID
    title: str | UnsetType = UNSET
    starting_balance: Count = UNSET
    """Cents; the first entry of the ledger, of the instant when the subsidy becomes active unless
    that is still to come."""
    deposits: Sequence[Deposit] = ()
    adjustments: Sequence[Adjustment] = ()
    active_datetime: Instant = UNSET
    expiration_datetime: Instant = UNSET


@dataclass(frozen=True, slots=True)
class DeclaredConfiguration:
    uuid: UUID
    active: bool | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class PutPolicy:
    """Creates or changes a policy, with what it assigns through."""

    uuid: UUID
    enterprise_uuid: UUID
    policy_type: str | UnsetType | None = UNSET
    display_name: str | UnsetType | None = UNSET
    description: str | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    retired: bool | UnsetType = UNSET
    catalog_uuid: UUID | UnsetType | None = UNSET
    subsidy_uuid: UUID | UnsetType | None = UNSET
    spend_limit: Count = UNSET
    """Cents."""
    per_learner_enrollment_limit: Count = UNSET
    per_learner_spend_limit: Count = UNSET
    """Cents."""
    late_redemption_allowed_until: Instant = UNSET
    allow_unknown_price: bool | UnsetType = UNSET
    groups: Sequence[UUID] | UnsetType | None = UNSET
    """Only members of these may spend it; none, or None: everybody may."""
    assignment_configuration: DeclaredConfiguration | None = None


@dataclass(frozen=True, slots=True)
class SubsidyRecord:
    uuid: UUID
    title: str
    active_datetime: datetime
    expiration_datetime: datetime
    starting_balance: int
    """Cents."""
    deposits: Sequence[Deposit]
    """All but the starting balance, in the order in which they were entered."""
    adjustments: Sequence[Adjustment]


@dataclass(frozen=True, slots=True)
class ConfigurationRecord:
    uuid: UUID
    active: bool


@dataclass(frozen=True, slots=True)
class PolicyRecord:
    uuid: UUID
    policy_type: str
    display_name: str | None
    description: str
    active: bool
    retired: bool
    catalog_uuid: UUID
    subsidy_uuid: UUID
    spend_limit: int | None
    per_learner_enrollment_limit: int | None
    per_learner_spend_limit: int | None
    late_redemption_allowed_until: datetime | None
    allow_unknown_price: bool
    groups: Sequence[UUID]
    configuration: ConfigurationRecord | None


@dataclass(frozen=True, slots=True)
class Overcommitted:
    """A subsidy whose active policies may spend more than was ever paid in; cents."""

    subsidy_uuid: UUID
    limits: int
    deposits: int


@dataclass(frozen=True, slots=True)
class PolicySelection:
    """The policies to list: of one enterprise, and with one of the values of each field."""

    enterprise_uuid: UUID
    active: tuple[bool, ...]
    policy_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyPage:
    page: Page
    policies: Sequence[PolicySummary]
