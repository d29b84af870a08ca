"""What callers ask of redemptions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bursar.credit.states import TransactionState


@dataclass(frozen=True, slots=True)
class RedeemCourse:
    """Redeems a course for a learner, who is named by either e-mail or lms_user_id."""

    enterprise_uuid: UUID
    policy_uuid: UUID
    content_key: str
    """The key of a course or a course run."""
    learner_email: str | None = None
    """Normalised."""
    lms_user_id: int | None = None


@dataclass(frozen=True, slots=True)
class CompleteRedemption:
    """The learner is enrolled."""

    enterprise_uuid: UUID
    transaction_uuid: UUID


@dataclass(frozen=True, slots=True)
class FailRedemption:
    """The learner cannot be enrolled."""

    enterprise_uuid: UUID
    transaction_uuid: UUID
    error: str


@dataclass(frozen=True, slots=True)
class ReverseRedemption:
    """An administrator reverses the redemption."""

    enterprise_uuid: UUID
    transaction_uuid: UUID


@dataclass(frozen=True, slots=True)
class Asking:
    """What could a learner redeem? Names exactly one of e-mail and lms_user_id."""

    enterprise_uuid: UUID
    content_keys: Sequence[str]
    """Of courses or course runs, without repetitions."""
    learner_email: str | None = None
    """Normalised."""
    lms_user_id: int | None = None


@dataclass(frozen=True, slots=True)
class AskingForCredit:
    """What could a learner spend from? Names exactly one of e-mail and lms_user_id."""

    enterprise_uuid: UUID
    learner_email: str | None = None
    """Normalised."""
    lms_user_id: int | None = None


@dataclass(frozen=True, slots=True)
class TransactionFilters:
    """A transaction must match all filters. None matches everything."""

    states: frozenset[TransactionState] | None = None
    policy_uuid: UUID | None = None
    subsidy_uuid: UUID | None = None
    learner_email: str | None = None
    """Normalised."""
    created_since: datetime | None = None
    """At this instant or later."""
