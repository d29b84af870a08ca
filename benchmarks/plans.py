"""Subscription plans to measure on, their licences written straight into the tables."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import text, update

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.provisioning.apply import apply
from bursar.provisioning.manifest import from_data
from bursar.subscriptions.plans.models import SubscriptionPlan

_NAMESPACE: Final = UUID("b2d6c0f4-7c1e-4f0a-9a51-0d1f3e5a7b90")
_FILL: Final = text(
    """
    INSERT INTO licenses (uuid, enterprise_uuid, plan_uuid, status, user_email, assigned_at,
                          activated_at, is_ending, created_at, modified_at)
    SELECT gen_random_uuid(), :enterprise, :plan,
           CASE WHEN number >= :held THEN 'unassigned'
                WHEN number % 2 = 0 THEN 'assigned'
                ELSE 'activated' END,
           CASE WHEN number < :held THEN 'held' || number || '@example.com' END,
           CASE WHEN number < :held THEN :now END,
           CASE WHEN number < :held AND number % 2 = 1 THEN :now END,
           false, :now, :now
    FROM generate_series(0, :total - 1) number
    """
)


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
    """In an enterprise of their own for the client. `heldN@example.com` holds a licence in each;
    every other one is activated."""
    enterprise = uuid5(_NAMESPACE, name)
    plans = [BenchmarkPlan(enterprise, uuid5(enterprise, f"plan {each}")) for each in range(number)]
    _declare(database, client_id, name, plans)
    for plan in plans:
        _fill(database, plan, held, unassigned)
    with database.read() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE licenses, subscription_plans")
    return plans


def _declare(database: Database, client_id: str, name: str, plans: list[BenchmarkPlan]) -> None:
    enterprise = plans[0].enterprise_uuid
    catalog = uuid5(enterprise, "catalog")
    declared = {
        "uuid": str(enterprise),
        "name": name,
        "slug": name,
        "clients": [{"client_id": client_id, "role": "admin", "client_secret": None}],
        "catalogs": [
            {"uuid": str(catalog), "title": "All", "content_filter": {"content_type": "course"}}
        ],
        "subscription_plans": [
            {
                "uuid": str(plan.uuid),
                "title": f"Plan {number}",
                "start_date": "2020-01-01",
                "expiration_date": "2090-01-01",
                "enterprise_catalog_uuid": str(catalog),
            }
            for number, plan in enumerate(plans)
        ],
    }
    with database.transaction() as session:
        manifest = from_data({"enterprises": [declared]})
        apply(session, Actor("benchmark"), [manifest], now=clock.now())


def _fill(database: Database, plan: BenchmarkPlan, held: int, unassigned: int) -> None:
    values = {
        "enterprise": plan.enterprise_uuid,
        "plan": plan.uuid,
        "held": held,
        "total": held + unassigned,
        "now": clock.now(),
    }
    counts = {
        "assigned_count": -(-held // 2),
        "activated_count": held // 2,
        "unassigned_count": unassigned,
    }
    with database.transaction() as session:
        # Without triggers: a licence begins unassigned, and becoming more would be three writes.
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(_FILL, values)
        wanted = SubscriptionPlan.uuid == plan.uuid
        session.execute(update(SubscriptionPlan).where(wanted).values(counts))
