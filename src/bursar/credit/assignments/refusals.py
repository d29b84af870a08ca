"""Why assignments are not allocated, reminded or cancelled."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from bursar.credit.assignments.rules import PriceBand
from bursar.credit.refusals import BudgetRefused, CreditRefused, LearnerDeactivated, NotInGroup


class PolicyNotAssignable(BudgetRefused):
    """The policy assigns nothing: its type does not, or its configuration is inactive."""

    reason = "policy_not_assignable"


class PriceOutOfBand(BudgetRefused):
    """The price given is too far from the canonical price of the content."""

    reason = "PriceValidationError"

    def __init__(self, policy_uuid: UUID, band: PriceBand) -> None:
        super().__init__(policy_uuid)
        self.band = band


class LearnersNotInGroup(NotInGroup):
    """The policy is for groups, and some of the learners are in none of them."""

    def __init__(self, policy_uuid: UUID, emails: Sequence[str]) -> None:
        super().__init__(policy_uuid)
        self.emails = emails
        """Of these learners, as they were given."""


class LearnersDeactivated(LearnerDeactivated):
    """Some of the learners have left."""

    def __init__(self, policy_uuid: UUID, emails: Sequence[str]) -> None:
        super().__init__(policy_uuid)
        self.emails = emails


class AssignmentsInWrongState(CreditRefused):
    """Some assignments are not in the configuration, or not in a state for what is asked."""

    def __init__(self, states: Mapping[UUID, str]) -> None:
        super().__init__(f"{len(states)} assignments are not in a state that allows it")
        self.states = states
        """The state of each: also `redeeming` and `not found`."""


class SelectionChanged(CreditRefused):
    """The filters select another number than somebody has agreed to."""

    def __init__(self, expected: int, number: int) -> None:
        super().__init__(f"{number} are selected now, not {expected}")
        self.expected = expected
        self.number = number
