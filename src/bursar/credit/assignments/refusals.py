"""Why assignments are not allocated, reminded or cancelled."""

from collections.abc import Mapping
from uuid import UUID

from bursar.credit.assignments.rules import PriceBand
from bursar.credit.refusals import BudgetRefused, CreditRefused


class PolicyNotAssignable(BudgetRefused):
    """The policy assigns nothing: its type does not, or its configuration is inactive."""

    reason = "policy_not_assignable"


class PriceOutOfBand(BudgetRefused):
    """The price given is too far from the canonical price of the content."""

    reason = "PriceValidationError"

    def __init__(self, policy_uuid: UUID, band: PriceBand) -> None:
        super().__init__(policy_uuid)
        self.band = band


class AssignmentsInWrongState(CreditRefused):
    """Some assignments are not in the configuration, or not in a state for what is asked."""

    def __init__(self, states: Mapping[UUID, str]) -> None:
        super().__init__(f"{len(states)} assignments are not in a state that allows it")
        self.states = states
        """The state of each: also `redeeming` and `not found`."""
