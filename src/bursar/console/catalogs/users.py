"""Who offers courses by a catalog: budgets and plans."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from bursar.console.credit.shared import Budget, budgets_of
from bursar.console.seats.plans import Plan, plans_of
from bursar.console.visits import Visit


@dataclass(frozen=True, slots=True)
class Users:
    budgets: list[Budget]
    plans: list[Plan]

    @property
    def budget_that_assigns(self) -> Budget | None:
        """From which a course can be allocated; the first of several."""
        return next((each for each in self.budgets if each.can_assign), None)


def users_of(visit: Visit, connection: Connection, catalog_uuid: UUID) -> Users:
    """Those in use first."""
    return Users(
        [
            each
            for each in budgets_of(visit, connection)
            if each.policy.catalog_uuid == catalog_uuid
        ],
        [
            each
            for each in plans_of(visit, connection)
            if each.item.enterprise_catalog_uuid == catalog_uuid
        ],
    )
