"""Learner credit: policies, assignments, transactions."""

from datetime import datetime

from bursar_client.values import Record


class Aggregates(Record):
    amount_redeemed_usd_cents: int = 0
    amount_redeemed_usd: float = 0.0
    amount_allocated_usd_cents: int = 0
    amount_allocated_usd: float = 0.0
    spend_available_usd_cents: int = 0
    spend_available_usd: float = 0.0


class AssignmentConfiguration(Record):
    uuid: str
    subsidy_access_policy: str | None = None
    enterprise_customer_uuid: str | None = None
    active: bool = True


class Action(Record):
    uuid: str
    action_type: str
    created: datetime | None = None
    modified: datetime | None = None
    completed_at: datetime | None = None
    error_reason: str | None = None


class Expiration(Record):
    date: datetime | None = None
    reason: str | None = None


class RecentAction(Record):
    action_type: str
    timestamp: datetime | None = None


class Assignment(Record):
    uuid: str
    assignment_configuration: str
    content_key: str
    state: str
    learner_email: str | None = None
    lms_user_id: int | None = None
    content_title: str | None = None
    content_quantity: int = 0
    """Cents that are taken out of the budget, so it is negative."""
    transaction_uuid: str | None = None
    actions: list[Action] = []
    earliest_possible_expiration: Expiration | None = None
    recent_action: RecentAction | None = None
    learner_state: str | None = None
    error_reason: str | None = None


class Policy(Record):
    uuid: str
    policy_type: str
    enterprise_customer_uuid: str
    display_name: str | None = None
    description: str | None = None
    active: bool = False
    retired: bool = False
    catalog_uuid: str | None = None
    subsidy_uuid: str | None = None
    access_method: str | None = None
    per_learner_enrollment_limit: int | None = None
    per_learner_spend_limit: int | None = None
    spend_limit: int | None = None
    subsidy_active_datetime: datetime | None = None
    subsidy_expiration_datetime: datetime | None = None
    is_subsidy_active: bool = False
    aggregates: Aggregates | None = None
    assignment_configuration: AssignmentConfiguration | None = None
    group_associations: list[str] = []
    late_redemption_allowed_until: datetime | None = None
    is_late_redemption_allowed: bool = False


class AvailablePolicy(Policy):
    """That a learner can spend from now."""

    remaining_balance: int | None = None
    remaining_balance_per_user: int | None = None
    learner_content_assignments: list[Assignment] = []


class Allocation(Record):
    updated: list[Assignment] = []
    created: list[Assignment] = []
    no_change: list[Assignment] = []


class Transaction(Record):
    uuid: str
    state: str
    content_key: str | None = None
    quantity: int = 0
    courserun_key: str | None = None
    lms_user_id: int | None = None
    learner_email: str | None = None
    subsidy_access_policy: str | None = None
    subsidy_uuid: str | None = None
    assignment_uuid: str | None = None
    error: str | None = None
    created: datetime | None = None
    modified: datetime | None = None


class Price(Record):
    usd: float
    usd_cents: int


class Reason(Record):
    reason: str
    user_message: str | None = None
    policy_uuids: list[str] = []
    metadata: dict[str, object] = {}


class CanRedeem(Record):
    content_key: str
    can_redeem: bool
    redeemable_subsidy_access_policy: Policy | None = None
    list_price: Price | None = None
    reasons: list[Reason] = []
    redemptions: list[Transaction] = []
