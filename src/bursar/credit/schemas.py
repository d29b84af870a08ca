"""Wire types of learner credit, in the reference's key order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from bursar.credit.rules import Money, access_method, error_reason, is_active
from bursar.credit.states import AssignmentState, LearnerState


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


class PolicyList(msgspec.Struct, frozen=True):
    next: str | None
    previous: str | None
    count: int
    num_pages: int
    current_page: int
    start: int
    results: list[PolicySummary]


class ActionItem(msgspec.Struct, frozen=True):
    created: datetime
    modified: datetime
    uuid: UUID
    action_type: str
    completed_at: datetime | None
    error_reason: str | None


class EarliestExpiration(msgspec.Struct, frozen=True):
    date: datetime
    reason: str


class AssignmentItem(msgspec.Struct, frozen=True):
    """As allocation answers it."""

    uuid: UUID
    assignment_configuration: UUID
    learner_email: str
    lms_user_id: int | None
    content_key: str
    content_title: str
    content_quantity: int
    state: AssignmentState
    transaction_uuid: UUID | None
    actions: list[ActionItem]
    earliest_possible_expiration: EarliestExpiration


class RecentAction(msgspec.Struct, frozen=True):
    action_type: str
    timestamp: datetime


class AssignmentListItem(AssignmentItem, frozen=True):
    """As the list of a configuration's assignments has it."""

    recent_action: RecentAction
    learner_state: LearnerState | None
    error_reason: str | None


class LearnerStateCount(msgspec.Struct, frozen=True):
    learner_state: LearnerState
    count: int


class AssignmentList(msgspec.Struct, frozen=True):
    count: int
    page_count: int
    page_size: int
    current_page: int
    next: str | None
    previous: str | None
    results: list[AssignmentListItem]
    learner_state_counts: list[LearnerStateCount]


def policy_summary(row: Any, now: datetime) -> PolicySummary:
    """Of a row of `queries.policies_page`."""
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
        group_associations=[],
        late_redemption_allowed_until=late_until,
        is_late_redemption_allowed=late_until is not None and now < late_until,
    )


def _aggregates(row: Any) -> PolicyAggregates:
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


def _configuration(row: Any) -> PolicyConfiguration | None:
    if row.configuration_uuid is None:
        return None
    return PolicyConfiguration(
        uuid=row.configuration_uuid,
        subsidy_access_policy=row.uuid,
        enterprise_customer_uuid=row.enterprise_uuid,
        active=row.configuration_active,
    )


def assignment_item(row: Any, actions: Sequence[Any]) -> AssignmentItem:
    """Of a row with the columns of `Assignment`, and its actions, oldest first."""
    # By position, in the order of the keys: this runs for every row of every page.
    return AssignmentItem(
        row.uuid,
        row.configuration_uuid,
        row.learner_email,
        row.lms_user_id,
        row.content_key,
        row.content_title,
        row.content_quantity,
        AssignmentState(row.state),
        row.transaction_uuid,
        [action_item(action) for action in actions],
        EarliestExpiration(row.expires_at, row.expiry_reason),
    )


def assignment_list_item(row: Any, actions: Sequence[Any]) -> AssignmentListItem:
    state = AssignmentState(row.state)
    return AssignmentListItem(
        row.uuid,
        row.configuration_uuid,
        row.learner_email,
        row.lms_user_id,
        row.content_key,
        row.content_title,
        row.content_quantity,
        state,
        row.transaction_uuid,
        [action_item(action) for action in actions],
        EarliestExpiration(row.expires_at, row.expiry_reason),
        RecentAction(row.recent_action_type, row.recent_action_at),
        None if row.learner_state is None else LearnerState(row.learner_state),
        error_reason(state, row.allocated_at, actions),
    )


def action_item(action: Any) -> ActionItem:
    return ActionItem(
        action.created_at,
        action.modified_at,
        action.uuid,
        action.action_type,
        action.completed_at,
        action.error_reason,
    )
