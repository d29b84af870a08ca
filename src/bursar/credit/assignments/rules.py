"""Pure decisions about assignments: prices, deadlines, and what a learner is shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bursar.credit.states import AssignmentState, LearnerState

DAYS_TO_REDEEM: Final = timedelta(days=90)
DAYS_UNTIL_SCRUBBED: Final = timedelta(days=90)
NINETY_DAYS_PASSED: Final = "NINETY_DAYS_PASSED"
ENROLLMENT_DATE_PASSED: Final = "ENROLLMENT_DATE_PASSED"
SUBSIDY_EXPIRED: Final = "SUBSIDY_EXPIRED"


@dataclass(frozen=True, slots=True)
class PriceBand:
    """The lowest and the highest allowed price, in cents."""

    expected: int
    minimum: int
    maximum: int

    def holds(self, price: int) -> bool:
        return self.minimum <= price <= self.maximum


def price_band(expected: int, tolerance_percent: int) -> PriceBand:
    minimum = -(-expected * (100 - tolerance_percent) // 100)
    maximum = expected * (100 + tolerance_percent) // 100
    return PriceBand(expected, max(0, minimum), maximum)


@dataclass(frozen=True, slots=True)
class Deadline:
    at: datetime
    reason: str


def earliest_expiration(
    allocated_at: datetime, subsidy_expiration: datetime, enrollment_end: datetime | None
) -> Deadline:
    """The earliest of three deadlines. If instants are equal, the subsidy wins, then the
    enrollment."""
    deadlines = [Deadline(subsidy_expiration, SUBSIDY_EXPIRED)]
    if enrollment_end is not None:
        deadlines.append(Deadline(enrollment_end, ENROLLMENT_DATE_PASSED))
    deadlines.append(Deadline(allocated_at + DAYS_TO_REDEEM, NINETY_DAYS_PASSED))
    return min(deadlines, key=lambda deadline: deadline.at)


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """What the rules need to know of an action; oldest first in every list."""

    action_type: str
    created_at: datetime
    completed_at: datetime | None
    error_reason: str | None


def learner_state(
    state: AssignmentState, allocated_at: datetime, actions: Iterable[ActionRecord]
) -> LearnerState | None:
    if state is AssignmentState.ERRORED:
        return LearnerState.FAILED
    if state is AssignmentState.EXPIRED:
        return LearnerState.EXPIRED
    if state is not AssignmentState.ALLOCATED:
        return None
    notices = [
        action
        for action in actions
        if action.action_type == "notified" and action.created_at >= allocated_at
    ]
    if any(action.completed_at and not action.error_reason for action in notices):
        return LearnerState.WAITING
    failed = any(action.error_reason for action in notices)
    return LearnerState.FAILED if failed else LearnerState.NOTIFYING


SORT_ORDER: Final[dict[LearnerState | None, int]] = {
    LearnerState.NOTIFYING: 0,
    LearnerState.WAITING: 1,
    LearnerState.EXPIRED: 2,
    LearnerState.FAILED: 3,
    None: 4,
}


def error_reason(
    state: AssignmentState, allocated_at: datetime, actions: Sequence[ActionRecord]
) -> str | None:
    """The latest failure that no later success of its kind followed, since the last allocation."""
    if state not in {AssignmentState.ALLOCATED, AssignmentState.ERRORED}:
        return None
    mended: set[str] = set()
    for action in reversed(actions):
        if action.created_at < allocated_at:
            continue  # The mail of an earlier allocation may be recorded late.
        if action.error_reason and action.action_type not in mended:
            return action.error_reason
        if action.completed_at and not action.error_reason:
            mended.add(action.action_type)
    return None
