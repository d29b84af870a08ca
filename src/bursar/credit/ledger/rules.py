"""Pure decisions about the money of a budget. All amounts are integer US cents."""

from dataclasses import dataclass
from datetime import datetime

from bursar.credit.refusals import CostNotCovered, SpendLimitReached, SubsidyExhausted


@dataclass(frozen=True, slots=True)
class Money:
    """What a policy and its subsidy hold, in cents."""

    spend_limit: int | None
    redeemed: int
    allocated: int
    """Cents that are allocated by this policy."""
    subsidy_balance: int
    subsidy_allocated: int
    """Cents that are allocated by all policies of the subsidy."""

    @property
    def left_in_subsidy(self) -> int:
        return max(0, self.subsidy_balance - self.subsidy_allocated)

    @property
    def left_in_policy(self) -> int | None:
        """Cents that the policy has left, or None without a limit."""
        if self.spend_limit is None:
            return None
        return max(0, self.spend_limit - self.redeemed - self.allocated)

    @property
    def available(self) -> int:
        left = self.left_in_policy
        return self.left_in_subsidy if left is None else min(left, self.left_in_subsidy)


def refusal_of_cost(money: Money, cost: int) -> type[CostNotCovered] | None:
    """Why the cost is refused, or None. A limit may be reached exactly, and a cost of zero always
    passes."""
    if cost > money.left_in_subsidy:
        return SubsidyExhausted
    if money.left_in_policy is not None and cost > money.left_in_policy:
        return SpendLimitReached
    return None


def is_active(active_datetime: datetime, expiration_datetime: datetime, at: datetime) -> bool:
    """Whether a subsidy is active at the instant: from `active_datetime` on, and before
    `expiration_datetime`."""
    return active_datetime <= at < expiration_datetime
