"""A release and the next one on one database: the old one serves on while the schema moves."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import pytest

from testing.databases.migrated import migrated_url
from testing.servers.cli import Cli
from testing.servers.installation import Ground, running
from testing.shops.budget import BudgetShop

pytestmark = pytest.mark.slow

NEXT_RELEASE = (
    "CREATE TABLE things_to_come (id INTEGER PRIMARY KEY)",
    "ALTER TABLE assignments ADD COLUMN colour VARCHAR",
    "ALTER TABLE subsidies ADD COLUMN rate INTEGER DEFAULT 5 NOT NULL",
    "UPDATE alembic_version SET version_num = 'next'",
)
"""Adds only, as every migration must; what is no longer needed goes a release later."""


@pytest.fixture
def ground(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Ground]:
    is_sqlite = dialect == "sqlite"
    url = migrated_url(tmp_path, None if is_sqlite else request.getfixturevalue("postgres"))
    with running(Cli(tmp_path, url), ((),), has_worker=not is_sqlite) as ground:
        yield ground


def allocate_until(budget: BudgetShop, over: Event) -> int:
    number = 0
    while not over.is_set() or number < 20:
        number += 1
        budget.allocate(f"learner{number}@example.org", price=1)
    return number


def test_the_old_release_works_while_and_after_the_next_one_migrates(ground: Ground) -> None:
    (budget,) = ground.open_budget()
    over = Event()
    with ThreadPoolExecutor(1) as thread:
        clients = thread.submit(allocate_until, budget, over)
        for statement in NEXT_RELEASE:
            ground.cli.execute(statement)
        over.set()
        allocated = clients.result(60)
    assert budget.assignments(page_size=1)["count"] == allocated
    for service in ground.services:
        assert httpx.get(f"{service.url}/ready").status_code == 200
    # Processes of the old release may still be started, and its commands used.
    for process in ground.processes:
        process.stop()
        process.start()
    budget.allocate("late@example.org", price=1)
    assert ground.cli.ok("db", "upgrade") == ["the schema is current"]
    assert ground.cli.ok("check") == ["everything holds"]
