"""Learner credit to measure on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from bursar import clock
from bursar.credit.states import AssignmentState, LearnerState
from bursar.database.engine import Database
from testing.worlds import declared
from testing.worlds.credit import Configuration, Kind, assignments

BATCH: Final = 50_000
DEPOSIT_CENTS: Final = 10**15
PRICE_CENTS: Final = 100
_NAMESPACE: Final = UUID("2c9b0a3e-1f5b-4e57-9d55-6f0b7a1c2d3e")
_NOTIFYING: Final[Kind] = (AssignmentState.ALLOCATED, LearnerState.NOTIFYING)
_WAITING: Final[Kind] = (AssignmentState.ALLOCATED, LearnerState.WAITING)


@dataclass(frozen=True)
class BenchmarkBudget:
    enterprise_uuid: UUID
    policy_uuid: UUID
    configuration_uuid: UUID


def create_budgets(
    database: Database, client_id: str, name: str, policies: int, count: int
) -> list[BenchmarkBudget]:
    """An enterprise of its own for the client, with this many assignments in each policy."""
    enterprise = uuid5(_NAMESPACE, name)
    catalog, subsidy = declared.catalog_of(enterprise), uuid5(enterprise, "subsidy")
    budgets = [
        BenchmarkBudget(
            enterprise,
            uuid5(enterprise, f"policy {number}"),
            uuid5(enterprise, f"configuration {number}"),
        )
        for number in range(policies)
    ]
    manifest = declared.enterprise(
        enterprise,
        name,
        client_id,
        subsidies=[declared.subsidy(subsidy, DEPOSIT_CENTS)],
        policies=[
            declared.assigned_policy(
                each.policy_uuid,
                subsidy,
                catalog,
                each.configuration_uuid,
                display_name=f"Budget {number}",
            )
            for number, each in enumerate(budgets)
        ],
    )
    declared.declare(database, {"enterprises": [manifest]})
    for each in budgets:
        _fill(database, each, subsidy, count)
    return budgets


def _fill(database: Database, budget: BenchmarkBudget, subsidy: UUID, count: int) -> None:
    """Straight into the tables, by the world in which tests do so.

    The services would take minutes for a million assignments, and leave a million mails and two
    million events and actions beside them, which nothing reads that is measured here.
    """
    configuration = Configuration(
        budget.configuration_uuid, budget.enterprise_uuid, subsidy, budget.policy_uuid
    )
    now = clock.now()
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        with database.transaction() as session:
            assignments(session, configuration, _wanted(numbers, now))
    with database.read() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE assignments")


def _wanted(numbers: range, now: datetime) -> Iterator[tuple[Kind, dict[str, Any]]]:
    """Ten learners allocated at an instant, three of four of them notified."""
    for number in numbers:
        at = now - timedelta(seconds=number // 10)
        yield (
            _NOTIFYING if number % 4 == 0 else _WAITING,
            {
                "learner_email": f"learner{number}@example.com",
                "content_key": f"BenchX+{number % 50}",
                "content_title": f"Course {number % 50}",
                "content_quantity": -PRICE_CENTS,
                "allocated_at": at,
            },
        )
