"""A lock that somebody holds stops nobody but those who need it, and these not for ever."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import httpx
import psycopg
import pytest

from bursar.web.turns import BUSY
from testing.databases.migrated import migrated_url
from testing.servers.cli import Cli
from testing.servers.installation import Ground, running
from testing.shops.budget import BudgetShop, open_budget
from testing.waiting import wait_until

pytestmark = pytest.mark.slow

WAITING = 12
"""More than there are threads."""
THREADS = 4

Hold = Callable[[BudgetShop], Any]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def cli(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    folder = tmp_path_factory.mktemp("stuck")
    postgres = None if request.param == "sqlite" else request.getfixturevalue("postgres")
    return Cli(folder, migrated_url(folder, postgres))


def served(cli: Cli, lock_timeout: float) -> Any:
    settings = {"BURSAR_THREADS": str(THREADS), "BURSAR_LOCK_TIMEOUT": str(lock_timeout)}
    return running(cli, (("--no-worker",),), settings=settings)


@pytest.fixture(scope="module")
def patient(cli: Cli) -> Iterator[Ground]:
    with served(cli, 90) as ground:
        yield ground


@contextmanager
def held(url: str, *budgets: BudgetShop) -> Iterator[Callable[[], bool]]:
    """Holds, as somebody else, what every write on the budgets needs. Gives a function that tells
    whether as many writes wait for it as may."""
    if url.startswith("sqlite"):
        file = url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(file, isolation_level=None)) as foreign:
            foreign.execute("BEGIN EXCLUSIVE")
            yield lambda: True
            foreign.execute("ROLLBACK")
        return
    with psycopg.connect(url) as foreign:
        for budget in budgets:
            lock = "SELECT 1 FROM subsidies WHERE uuid = %s FOR UPDATE"
            foreign.execute(lock, [budget.subsidy_uuid])
        yield lambda: waiting_backends(url) >= len(budgets) * THREADS // 2
        foreign.rollback()


def waiting_backends(url: str) -> int:
    question = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with psycopg.connect(url) as looking:
        row = looking.execute(question).fetchone()
        return int(row[0]) if row else 0


def allocations(budget: BudgetShop, pool: ThreadPoolExecutor) -> list[Future[httpx.Response]]:
    return [
        pool.submit(budget.ask, budget.wish(f"stuck-{number}@example.org", price=1))
        for number in range(WAITING)
    ]


def test_reads_and_probes_go_on_while_every_writer_waits(patient: Ground, cli: Cli) -> None:
    service = patient.services[0]
    budgets = [open_budget(service) for _ in range(2)]
    with ThreadPoolExecutor(2 * WAITING) as pool:
        with held(cli.url, *budgets) as all_wait:
            waiting = [each for budget in budgets for each in allocations(budget, pool)]
            wait_until(all_wait, "all threads that write wait for a lock")
            for _ in range(2 * THREADS):
                assert budgets[0].policies()["count"] == 1
                assert service.anonymous.get("/ready").json() == {"status": "ready"}
                assert service.anonymous.get("/metrics").status_code == 200
            assert not any(each.done() for each in waiting)
        # Nothing was lost: whoever waited is served when the lock is free.
        assert {each.result().status_code for each in waiting} == {202}


def test_other_enterprises_are_served_while_one_waits(patient: Ground, cli: Cli) -> None:
    if cli.url.startswith("sqlite"):
        pytest.skip("SQLite has one lock for all writes")
    stuck, other = (open_budget(patient.services[0]) for _ in range(2))
    with ThreadPoolExecutor(WAITING) as pool:
        with held(cli.url, stuck) as all_wait:
            waiting = allocations(stuck, pool)
            wait_until(all_wait, "as many writes as may wait for the lock")
            for number in range(2 * THREADS):
                other.allocate(f"someone-{number}@example.org", price=1)
            assert not any(each.done() for each in waiting)
        assert {each.result().status_code for each in waiting} == {202}


def test_whoever_waits_in_vain_is_told_to_come_again(cli: Cli) -> None:
    with served(cli, 0.3) as ground:
        budget = open_budget(ground.services[0])
        with ThreadPoolExecutor(WAITING) as pool, held(cli.url, budget):
            answers = [each.result() for each in allocations(budget, pool)]
            assert {answer.status_code for answer in answers} == {503}
            assert {answer.json()["detail"] for answer in answers} == {BUSY}
            assert {answer.headers["retry-after"] for answer in answers} == {"1"}
        assert budget.figures[1] == 0
        assert budget.ask(budget.wish("later@example.org")).status_code == 202
        assert "Traceback" not in ground.services[0].log()
