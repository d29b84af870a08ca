"""Why learner credit refuses a change. A refused change has changed nothing."""

from typing import ClassVar
from uuid import UUID


class CreditRefused(Exception):
    """Learner credit does not allow the change."""


class BudgetRefused(CreditRefused):
    """A budget does not pay for what was requested."""

    reason: ClassVar[str]
    """As the API names it."""

    def __init__(self, policy_uuid: UUID) -> None:
        super().__init__(f"policy {policy_uuid}: {self.reason}")
        self.policy_uuid = policy_uuid


class PolicyNotActive(BudgetRefused):
    """The policy is inactive or retired."""

    reason = "policy_expired"


class NotInGroup(BudgetRefused):
    """The policy is for groups, and the learner is in none of them."""

    reason = "learner_not_in_enterprise_group"


class LearnerDeactivated(BudgetRefused):
    """The identity provider of the enterprise says that the learner has left."""

    reason = "learner_deactivated"


class SubsidyNotActive(BudgetRefused):
    """The subsidy behind the policy has not begun, or has ended."""

    reason = "subsidy_expired"


class ContentNotInCatalog(BudgetRefused):
    """The catalog of the policy does not hold the content."""

    reason = "content_not_in_catalog"


class EnrollmentDeadlinePassed(BudgetRefused):
    """Nobody can enroll in the content any more."""

    reason = "enrollment_deadline_passed"


class PriceUnknown(BudgetRefused):
    """The content has no price, so that nobody can say what it would cost."""

    reason = "price_unknown"


class CostNotCovered(BudgetRefused):
    """The change costs more than is left."""

    def __init__(self, policy_uuid: UUID, needed_cents: int, available_cents: int) -> None:
        super().__init__(policy_uuid)
        self.needed_cents = needed_cents
        self.available_cents = available_cents


class SubsidyExhausted(CostNotCovered):
    """The subsidy does not hold enough money that is not promised already."""

    reason = "not_enough_value_in_subsidy"


class SpendLimitReached(CostNotCovered):
    """The policy would spend more than its limit."""

    reason = "policy_spend_limit_reached"
