"""What the floor of writes writes: as many rows as the change that it was learnt from."""

from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from benchmarks.write_floor import KeptWrites, learn
from bursar import clock
from bursar.actors import Actor
from bursar.subscriptions.licenses.commands import AssignLicenses
from bursar.subscriptions.licenses.service import assign
from testing.databases.composed import composed
from testing.databases.migrated import migrated_url
from testing.databases.postgres import PostgresAddress
from testing.worlds.declared import catalog_of, declare, enterprise, plan

pytestmark = pytest.mark.slow


def test_it_writes_the_rows_of_the_last_change(tmp_path: Path, postgres: PostgresAddress) -> None:
    database = composed(migrated_url(tmp_path, postgres))
    customer, uuid = uuid4(), uuid4()
    subscription = plan(uuid, catalog_of(customer), 5)
    declare(
        database,
        {"enterprises": [enterprise(customer, "Acme", "acme", subscription_plans=[subscription])]},
    )
    people = dict.fromkeys([f"ana{number}@example.org" for number in range(3)])
    with database.transaction() as session:
        assign(session, Actor("test"), AssignLicenses(customer, uuid, people), at=clock.now())
    learn(database, tmp_path, "assign", 200)
    kept = KeptWrites(tmp_path).get("assign")
    assert kept.status == 200
    with database.transaction() as session:
        for table in kept.tables:
            session.execute(text(table.statement), {"rows": table.rows})
    with database.read() as connection:
        written = {
            name: connection.execute(text(f"SELECT count(*) FROM floor.public_{name}")).scalar()
            for name in ("licenses", "events", "deliveries", "subscription_plans")
        }
    assert written == {"licenses": 3, "events": 3, "deliveries": 3, "subscription_plans": 1}
    assert len(kept.tables) >= len(written)
    database.dispose()
