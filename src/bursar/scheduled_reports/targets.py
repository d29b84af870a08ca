"""What filters of a report can name, and what a report without them is about.

The objects are those that paths name: the same tables, and the same column decides whose they are.
"""

from collections.abc import Iterator
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Select, select

from bursar.catalog.listings.owned import CATALOG
from bursar.credit.assignments.owned import CONFIGURATION
from bursar.credit.policies.owned import POLICY
from bursar.scheduled_reports.commands import (
    AssignmentsWanted,
    ContentWanted,
    LicensesWanted,
    TransactionsWanted,
    Wanted,
)
from bursar.subscriptions.plans.owned import PLAN
from bursar.tenancy import Owned

Target = TypeVar("Target")


def every(connection: Connection, owned: Owned[Target], enterprise_uuid: UUID) -> list[Target]:
    """All of an enterprise, by uuid."""
    found = connection.execute(_of(owned, enterprise_uuid).order_by(owned.columns[0]))
    return [owned.kind(*row) for row in found]


def one(
    connection: Connection, owned: Owned[Target], enterprise_uuid: UUID, **named: UUID
) -> Target | None:
    """The one that the parameters of a path would name. None: the enterprise has no such one."""
    row = connection.execute(_of(owned, enterprise_uuid).where(owned.condition), named).first()
    return None if row is None else owned.kind(*row)


def chosen(
    connection: Connection,
    owned: Owned[Target],
    enterprise_uuid: UUID,
    parameter: str,
    uuid: UUID | None,
) -> list[Target]:
    """The one with this uuid, or every one when there is none."""
    if uuid is None:
        return every(connection, owned, enterprise_uuid)
    found = one(connection, owned, enterprise_uuid, **{parameter: uuid})
    return [] if found is None else [found]


def _of(owned: Owned[Any], enterprise_uuid: UUID) -> Select[Any]:
    columns = select(owned.enterprise, *owned.columns).select_from(owned.source)
    return columns.where(owned.enterprise == enterprise_uuid)


_NAMES: Final = {
    "subscription_plan_uuid": ("subscription plan", PLAN, "subscription_plan_uuid"),
    "assignment_configuration_uuid": (
        "assignment configuration", CONFIGURATION, "assignment_configuration_uuid",
    ),
    "catalog_uuid": ("catalog", CATALOG, "catalog_id"),
    "subsidy_access_policy": ("policy", POLICY, "policy_uuid"),
}  # fmt: skip


def unknown_targets(
    connection: Connection, enterprise_uuid: UUID, wanted: Wanted
) -> Iterator[tuple[str, str]]:
    """The filters that name something which the enterprise has not, each with what is wrong."""
    for name, uuid in _named(wanted).items():
        kind, owned, parameter = _NAMES[name]
        if uuid is None:
            continue
        if one(connection, owned, enterprise_uuid, **{parameter: uuid}) is None:
            yield name, f"no such {kind}"


def _named(wanted: Wanted) -> dict[str, UUID | None]:
    match wanted:
        case LicensesWanted():
            return {"subscription_plan_uuid": wanted.subscription_plan_uuid}
        case AssignmentsWanted():
            return {"assignment_configuration_uuid": wanted.assignment_configuration_uuid}
        case ContentWanted():
            return {"catalog_uuid": wanted.catalog_uuid}
        case TransactionsWanted():
            return {"subsidy_access_policy": wanted.filters.policy_uuid}
    return {}
