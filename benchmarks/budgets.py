"""Learner credit to measure on, written straight into the tables as the service would leave it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

from sqlalchemy import select, update

from bursar import clock
from bursar.actors import Actor
from bursar.credit.assignments.rules import DAYS_TO_REDEEM, SORT_ORDER
from bursar.credit.models import Assignment, AssignmentConfiguration, Policy, Subsidy
from bursar.credit.policy_types import ASSIGNED
from bursar.credit.states import LearnerState
from bursar.database.bulk import bulk_insert
from bursar.database.engine import Database
from bursar.provisioning.apply import apply
from bursar.provisioning.manifest import from_data

BATCH: Final = 50_000
PRICE_CENTS: Final = 100
_NAMESPACE: Final = UUID("2c9b0a3e-1f5b-4e57-9d55-6f0b7a1c2d3e")


@dataclass(frozen=True)
class BenchmarkBudget:
    enterprise_uuid: UUID
    policy_uuid: UUID
    configuration_uuid: UUID


def create_budgets(
    database: Database, client_id: str, name: str, policies: int, assignments: int
) -> list[BenchmarkBudget]:
    """An enterprise of its own for the client, with this many assignments in each policy."""
    enterprise = uuid5(_NAMESPACE, name)
    _declare(database, client_id, enterprise, name, policies)
    with database.read() as connection:
        rows = connection.execute(
            select(AssignmentConfiguration.uuid, AssignmentConfiguration.policy_uuid).where(
                AssignmentConfiguration.enterprise_uuid == enterprise
            )
        ).all()
    budgets = [BenchmarkBudget(enterprise, row.policy_uuid, row.uuid) for row in rows]
    for budget in budgets:
        _fill(database, budget, assignments)
    return budgets


def _declare(
    database: Database, client_id: str, enterprise: UUID, name: str, policies: int
) -> None:
    catalog, subsidy = uuid5(enterprise, "catalog"), uuid5(enterprise, "subsidy")
    declared = {
        "uuid": str(enterprise),
        "name": name,
        "slug": name,
        "clients": [{"client_id": client_id, "role": "admin", "client_secret": None}],
        "catalogs": [
            {"uuid": str(catalog), "title": "All", "content_filter": {"content_type": "course"}}
        ],
        "subsidies": [
            {
                "uuid": str(subsidy),
                "title": "Credit",
                "starting_balance": 10**15,
                "active_datetime": "2020-01-01T00:00:00Z",
                "expiration_datetime": "2090-01-01T00:00:00Z",
            }
        ],
        "policies": [
            {
                "uuid": str(uuid5(enterprise, f"policy {number}")),
                "policy_type": ASSIGNED,
                "display_name": f"Budget {number}",
                "catalog_uuid": str(catalog),
                "subsidy_uuid": str(subsidy),
            }
            for number in range(policies)
        ],
    }
    with database.transaction() as session:
        apply(
            session, Actor("benchmark"), [from_data({"enterprises": [declared]})], now=clock.now()
        )


def _fill(database: Database, budget: BenchmarkBudget, count: int) -> None:
    now = clock.now()
    for start in range(0, count, BATCH):
        rows = list(_rows(budget, start, min(BATCH, count - start), now))
        with database.transaction() as session:
            bulk_insert(session, Assignment, rows)
            _count(session.connection(), budget, rows)
    with database.read() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE assignments")


def _rows(
    budget: BenchmarkBudget, start: int, count: int, now: datetime
) -> Iterator[dict[str, Any]]:
    """Ten learners allocated at an instant, three of four of them notified."""
    for number in range(start, start + count):
        at = now - timedelta(seconds=number // 10)
        state = LearnerState.NOTIFYING if number % 4 == 0 else LearnerState.WAITING
        yield {
            "uuid": uuid4(),
            "enterprise_uuid": budget.enterprise_uuid,
            "configuration_uuid": budget.configuration_uuid,
            "learner_email": f"learner{number}@example.com",
            "lms_user_id": None,
            "content_key": f"BenchX+{number % 50}",
            "content_title": f"Course {number % 50}",
            "content_quantity": -PRICE_CENTS,
            "state": "allocated",
            "transaction_uuid": None,
            "allocated_at": at,
            "expires_at": at + DAYS_TO_REDEEM,
            "expiry_reason": "NINETY_DAYS_PASSED",
            "recent_action_type": "assigned",
            "recent_action_at": at,
            "learner_state": state.value,
            "learner_state_sort_order": SORT_ORDER[state],
            "scrubbed_at": None,
            "created_at": at,
            "modified_at": at,
        }


def _count(connection: Any, budget: BenchmarkBudget, rows: list[dict[str, Any]]) -> None:
    notifying = sum(row["learner_state"] == LearnerState.NOTIFYING for row in rows)
    cents = PRICE_CENTS * len(rows)
    connection.execute(
        update(AssignmentConfiguration)
        .where(AssignmentConfiguration.uuid == budget.configuration_uuid)
        .values(
            notifying_count=AssignmentConfiguration.notifying_count + notifying,
            waiting_count=AssignmentConfiguration.waiting_count + len(rows) - notifying,
        )
    )
    connection.execute(
        update(Policy)
        .where(Policy.uuid == budget.policy_uuid)
        .values(allocated_cents=Policy.allocated_cents + cents)
    )
    of_policy = select(Policy.subsidy_uuid).where(Policy.uuid == budget.policy_uuid)
    connection.execute(
        update(Subsidy)
        .where(Subsidy.uuid == of_policy.scalar_subquery())
        .values(allocated_cents=Subsidy.allocated_cents + cents)
    )
