"""Policies as the API spells them, in the key order of its reference."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from bursar.credit.ledger.rules import Money, is_active
from bursar.credit.models import Subsidy
from bursar.credit.policy_types import access_method
from bursar.database.types import AnyRow


class PolicyAggregates(msgspec.Struct, frozen=True):
    amount_redeemed_usd_cents: int
    amount_redeemed_usd: float
    amount_allocated_usd_cents: int
    amount_allocated_usd: float
    spend_available_usd_cents: int
    spend_available_usd: float


class PolicyConfiguration(msgspec.Struct, frozen=True):
    uuid: UUID
    subsidy_access_policy: UUID
    enterprise_customer_uuid: UUID
    active: bool


class PolicySummary(msgspec.Struct, frozen=True):
    """An item of `subsidy-access-policies`."""

    uuid: UUID
    policy_type: str
    display_name: str | None
    description: str
    active: bool
    retired: bool
    enterprise_customer_uuid: UUID
    catalog_uuid: UUID
    subsidy_uuid: UUID
    access_method: str
    per_learner_enrollment_limit: int | None
    per_learner_spend_limit: int | None
    spend_limit: int | None
    subsidy_active_datetime: datetime
    subsidy_expiration_datetime: datetime
    is_subsidy_active: bool
    aggregates: PolicyAggregates
    assignment_configuration: PolicyConfiguration | None
    group_associations: list[UUID]
    late_redemption_allowed_until: datetime | None
    is_late_redemption_allowed: bool


class PolicyThreshold(PolicySummary, frozen=True):
    """A policy that has spent or allocated so much of its limit."""

    threshold_percent: int


class SubsidyItem(msgspec.Struct, frozen=True):
    """No endpoint shows subsidies; events do."""

    uuid: UUID
    enterprise_customer_uuid: UUID
    title: str
    active_datetime: datetime
    expiration_datetime: datetime
    is_active: bool
    current_balance: int
    """Cents."""


class SubsidyDeposit(msgspec.Struct, frozen=True):
    subsidy: SubsidyItem
    deposit: UUID
    amount: int
    """Cents."""


class SubsidyAdjustment(msgspec.Struct, frozen=True):
    subsidy: SubsidyItem
    adjustment: UUID
    amount: int
    """Cents; either sign."""
    reason: str


class SubsidyExpiry(msgspec.Struct, frozen=True):
    subsidy: SubsidyItem
    amount: int
    """Cents of the balance that nothing is allocated of: nobody can spend them after the end."""
    days: int
    """How many days before the end this is told, at most; 0 after the end."""


def with_threshold(summary: PolicySummary, percent: int) -> PolicyThreshold:
    return PolicyThreshold(**msgspec.structs.asdict(summary), threshold_percent=percent)


def subsidy_item(row: Subsidy, now: datetime) -> SubsidyItem:
    return SubsidyItem(
        uuid=row.uuid,
        enterprise_customer_uuid=row.enterprise_uuid,
        title=row.title,
        active_datetime=row.active_datetime,
        expiration_datetime=row.expiration_datetime,
        is_active=is_active(row.active_datetime, row.expiration_datetime, now),
        current_balance=row.balance_cents,
    )


def subsidy_expiry(row: Subsidy, days: int, now: datetime) -> SubsidyExpiry:
    return SubsidyExpiry(subsidy_item(row, now), row.balance_cents - row.allocated_cents, days)


def policy_summary(row: AnyRow, now: datetime, groups: Sequence[UUID] = ()) -> PolicySummary:
    """Of a row of `queries.policies_page`, and the groups that the policy is for."""
    late_until = row.late_redemption_allowed_until
    return PolicySummary(
        uuid=row.uuid,
        policy_type=row.policy_type,
        display_name=row.display_name,
        description=row.description,
        active=row.active,
        retired=row.retired,
        enterprise_customer_uuid=row.enterprise_uuid,
        catalog_uuid=row.catalog_uuid,
        subsidy_uuid=row.subsidy_uuid,
        access_method=access_method(row.policy_type),
        per_learner_enrollment_limit=row.per_learner_enrollment_limit,
        per_learner_spend_limit=row.per_learner_spend_limit,
        spend_limit=row.spend_limit,
        subsidy_active_datetime=row.active_datetime,
        subsidy_expiration_datetime=row.expiration_datetime,
        is_subsidy_active=is_active(row.active_datetime, row.expiration_datetime, now),
        aggregates=_aggregates(row),
        assignment_configuration=_configuration(row),
        group_associations=list(groups),
        late_redemption_allowed_until=late_until,
        is_late_redemption_allowed=late_until is not None and now < late_until,
    )


def _aggregates(row: AnyRow) -> PolicyAggregates:
    money = Money(
        spend_limit=row.spend_limit,
        redeemed=row.redeemed_cents,
        allocated=row.allocated_cents,
        subsidy_balance=row.balance_cents,
        subsidy_allocated=row.subsidy_allocated_cents,
    )
    available = money.available
    return PolicyAggregates(
        amount_redeemed_usd_cents=money.redeemed,
        amount_redeemed_usd=money.redeemed / 100,
        amount_allocated_usd_cents=money.allocated,
        amount_allocated_usd=money.allocated / 100,
        spend_available_usd_cents=available,
        spend_available_usd=available / 100,
    )


def _configuration(row: AnyRow) -> PolicyConfiguration | None:
    if row.configuration_uuid is None:
        return None
    return PolicyConfiguration(
        uuid=row.configuration_uuid,
        subsidy_access_policy=row.uuid,
        enterprise_customer_uuid=row.enterprise_uuid,
        active=row.configuration_active,
    )
