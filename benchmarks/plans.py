"""Subscription plans to measure on, made by the services that users call."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from bursar.actors import Actor
from bursar.batches import batched
from bursar.database.engine import Database
from bursar.subscriptions.licenses import service
from bursar.subscriptions.licenses.commands import ActivateLicenses, AssignLicenses
from testing.worlds import declared

_NAMESPACE: Final = UUID("b2d6c0f4-7c1e-4f0a-9a51-0d1f3e5a7b90")
_BATCH: Final = 10_000
_ACTOR: Final = Actor("benchmark")


@dataclass(frozen=True)
class BenchmarkPlan:
    enterprise_uuid: UUID
    uuid: UUID

    @property
    def path(self) -> str:
        return f"/enterprise/v1/subscriptions/{self.uuid}/licenses"


def create_plans(
    database: Database, client_id: str, name: str, number: int, *, held: int, unassigned: int
) -> list[BenchmarkPlan]:
    """In an enterprise of their own for the client. `heldN@example.com` holds a license in each;
    every other one is activated."""
    enterprise = uuid5(_NAMESPACE, name)
    plans = [BenchmarkPlan(enterprise, uuid5(enterprise, f"plan {each}")) for each in range(number)]
    catalog = declared.catalog_of(enterprise)
    subscriptions = [
        declared.plan(plan.uuid, catalog, held + unassigned, f"Plan {number}")
        for number, plan in enumerate(plans)
    ]
    manifest = declared.enterprise(enterprise, name, client_id, subscription_plans=subscriptions)
    declared.declare(database, {"enterprises": [manifest]})
    for plan in plans:
        _hand_out(database, plan, held)
    with database.read() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE licenses, subscription_plans")
    return plans


def _hand_out(database: Database, plan: BenchmarkPlan, held: int) -> None:
    for numbers in batched(range(held), _BATCH):
        emails = [f"held{number}@example.com" for number in numbers]
        assigning = AssignLicenses(
            plan.enterprise_uuid, plan.uuid, dict.fromkeys(emails), notify=False
        )
        with database.transaction() as session:
            assigned = service.assign(session, _ACTOR, assigning).licenses
            chosen = [uuid for _, uuid in assigned[1::2]]
            activating = ActivateLicenses(plan.enterprise_uuid, chosen)
            service.activate_several(session, _ACTOR, activating)
