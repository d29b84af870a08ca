"""What the screens about money share."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from bursar.console.visits import Visit
from bursar.credit.assignments.owned import ListedConfiguration
from bursar.credit.assignments.service import listed_configurations
from bursar.credit.policies.commands import PolicySelection
from bursar.credit.policies.service import list_policies
from bursar.credit.policies.views import PolicySummary
from bursar.credit.policy_types import POLICY_TYPES
from bursar.pages import PageRequest

MOST_BUDGETS: Final = 500
SOON_DAYS: Final = 30
NEARLY_USED: Final = 80


@dataclass(frozen=True, slots=True)
class Budget:
    """A policy as the console shows it; amounts are cents."""

    policy: PolicySummary
    configuration: ListedConfiguration | None
    days_left: int

    @property
    def uuid(self) -> UUID:
        return self.policy.uuid

    @property
    def title(self) -> str:
        return self.policy.display_name or self.policy.description or "Budget without a name"

    @property
    def spent(self) -> int:
        return self.policy.aggregates.amount_redeemed_usd_cents

    @property
    def promised(self) -> int:
        return self.policy.aggregates.amount_allocated_usd_cents

    @property
    def free(self) -> int:
        return self.policy.aggregates.spend_available_usd_cents

    @property
    def limit(self) -> int:
        """What can be spent altogether: no more than the credit behind it still covers."""
        return self.spent + self.promised + max(0, self.free)

    @property
    def used_percent(self) -> int:
        return 0 if not self.limit else round(100 * (self.spent + self.promised) / self.limit)

    @property
    def is_in_use(self) -> bool:
        return self.policy.active and not self.policy.retired and self.policy.is_subsidy_active

    @property
    def can_assign(self) -> bool:
        configured = self.configuration is not None
        return self.is_in_use and self.policy.access_method == "assigned" and configured

    @property
    def failed(self) -> int:
        if self.configuration is None:
            return 0
        return self.configuration.failed_count + self.configuration.errored_count

    @property
    def waiting(self) -> int:
        if self.configuration is None:
            return 0
        return self.configuration.waiting_count + self.configuration.notifying_count

    @property
    def state(self) -> tuple[str, str]:
        """The word and the tone of its chip."""
        if self.policy.retired:
            return "Retired", "off"
        if not self.policy.active:
            return "Inactive", "off"
        if not self.policy.is_subsidy_active:
            return ("Ended", "off") if self.days_left < 0 else ("Not begun", "wait")
        if self.days_left <= SOON_DAYS:
            return "Ends soon", "bad"
        return "In use", "good"


def budgets_of(visit: Visit, connection: Connection) -> list[Budget]:
    """Those in use first, then the newest."""
    selection = PolicySelection(visit.enterprise.uuid, (False, True), POLICY_TYPES)
    found = list_policies(connection, selection, PageRequest(MOST_BUDGETS), visit.now)
    configurations = listed_configurations(connection, visit.enterprise.uuid)
    budgets = [budget_of(visit, each, configurations) for each in found.policies]
    return sorted(budgets, key=lambda each: not each.is_in_use)


def budget_of(
    visit: Visit, policy: PolicySummary, configurations: dict[UUID, ListedConfiguration]
) -> Budget:
    days = (policy.subsidy_expiration_datetime - visit.now).days
    return Budget(policy, configurations.get(policy.uuid), days)
