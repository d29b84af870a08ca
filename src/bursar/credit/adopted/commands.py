"""Learner credit that had its history in other services."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from bursar.credit.states import AssignmentState, TransactionState


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedSubsidy:
    uuid: UUID
    enterprise_uuid: UUID
    title: str
    active_datetime: datetime
    expiration_datetime: datetime
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedEntry:
    """A line of the ledger that is no redemption."""

    uuid: UUID
    kind: Literal["deposit", "adjustment"]
    amount_cents: int
    at: datetime
    idempotency_key: str | None
    reason: str = ""
    """Of an adjustment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedPolicy:
    uuid: UUID
    enterprise_uuid: UUID
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
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedTransaction:
    uuid: UUID
    subsidy_uuid: UUID
    policy_uuid: UUID
    assignment_uuid: UUID | None
    learner_email: str
    lms_user_id: int | None
    content_key: str
    courserun_key: str | None
    quantity: int
    """Minus the price in cents."""
    state: TransactionState
    is_second_payment: bool
    idempotency_key: str | None
    reversal_uuid: UUID
    """Of the entry that gives the money back, where it failed or was reversed."""
    reversal_key: str | None
    reversed_at: datetime | None
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedAction:
    uuid: UUID
    action_type: str
    completed_at: datetime | None
    error_reason: str | None
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedAssignment:
    uuid: UUID
    learner_email: str
    lms_user_id: int | None
    content_key: str
    content_title: str
    content_quantity: int
    state: AssignmentState
    transaction_uuid: UUID | None
    allocated_at: datetime
    scrubbed_at: datetime | None
    created_at: datetime
    modified_at: datetime
    actions: tuple[AdoptedAction, ...]
    """Oldest first."""


class CreditAdoptionRefused(Exception):
    """What is adopted contradicts what is stored. The text says how."""
