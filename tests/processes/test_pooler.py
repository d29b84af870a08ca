"""Web processes behind pgbouncer in its mode `transaction`, and everybody else refused there."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from bursar.database.poolers import NOT_UTC, POOLED
from bursar.web.turns import BUSY
from testing.databases.migrated import migrated_url
from testing.databases.postgres import PostgresAddress
from testing.servers.cli import Cli
from testing.servers.installation import Ground, running
from testing.servers.pgbouncer import Pooler
from testing.shops.budget import COURSE, BudgetShop, emails, open_budget
from testing.waiting import wait_until

pytestmark = pytest.mark.slow

IGNORING = "ignore_startup_parameters = options"


@dataclass(frozen=True)
class Place:
    direct: Cli
    pooled: dict[str, str]
    """The settings that lead web processes to the pooler, and the others to the database."""


@pytest.fixture(scope="module")
def place(postgres: PostgresAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("pooled")
    direct = Cli(folder, migrated_url(folder, postgres))
    name = direct.url.rpartition("/")[2]
    with psycopg.connect(direct.url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET timezone TO 'UTC'".encode())
    with Pooler(folder, postgres) as pooler:
        urls = {
            "BURSAR_DATABASE_URL": pooler.address.url(name),
            "BURSAR_DIRECT_DATABASE_URL": direct.url,
        }
        yield Place(direct, urls)


@pytest.fixture(scope="module")
def ground(place: Place) -> Iterator[Ground]:
    settings = place.pooled | {"BURSAR_LOCK_TIMEOUT": "2"}
    with running(
        place.direct, (("--workers", "2"),), has_worker=True, settings=settings
    ) as installation:
        yield installation


@pytest.fixture(scope="module")
def budget(ground: Ground) -> BudgetShop:
    budget = open_budget(ground.services[0])
    budget.know(ana=1)
    return budget


def test_everything_is_served_through_a_pooler(ground: Ground, budget: BudgetShop) -> None:
    learners = emails(40)
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda email: budget.ask(budget.wish(email, price=1)), learners))
    assert {answer.status_code for answer in answers} == {202}
    (assigned,) = budget.assigned("ana@example.org", price=10)
    transaction = budget.redeem(COURSE, lms_user_id=1)
    assert transaction.status_code == 200, transaction.text
    wait_until(lambda: budget.assignment(assigned)["state"] == "accepted")
    lines = budget.shop.api.get(
        f"/enterprise/v3/enterprise-customer/{budget.shop.uuid}/learner-summary?format=csv"
    )
    assert lines.status_code == 200, lines.text
    assert ground.cli.ok("check") == ["everything holds"]
    assert "Traceback" not in ground.services[0].log()


def test_locks_are_waited_for_as_long_as_without_a_pooler(
    ground: Ground, budget: BudgetShop
) -> None:
    with psycopg.connect(ground.cli.url) as foreign:
        lock = "SELECT 1 FROM subsidies WHERE uuid = %s FOR UPDATE"
        foreign.execute(lock, [budget.subsidy_uuid])
        answer = budget.ask(budget.wish("late@example.org", price=1))
        assert (answer.status_code, answer.json()) == (503, {"detail": BUSY})


@pytest.mark.parametrize("more", ["", IGNORING])
@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["worker"], ["check"]])
def test_a_pooler_is_recognised_and_refused(
    place: Place,
    postgres: PostgresAddress,
    tmp_path: Path,
    more: str,
    command: list[str],
) -> None:
    name = place.direct.url.rpartition("/")[2]
    with Pooler(tmp_path, postgres, more) as pooler:
        cli = Cli(tmp_path, pooler.address.url(name))
        assert cli.refused(*command) == [f"BURSAR_DATABASE_URL {POOLED}"]


def test_a_direct_url_that_is_none_is_refused(place: Place, tmp_path: Path) -> None:
    pooled = place.pooled["BURSAR_DATABASE_URL"]
    finished = Cli(tmp_path, pooled).run("worker", BURSAR_DIRECT_DATABASE_URL=pooled)
    assert finished.returncode == 2
    assert finished.stderr.splitlines() == [f"BURSAR_DIRECT_DATABASE_URL {POOLED}"]


def test_a_pooler_in_another_time_zone_is_refused(
    place: Place, postgres: PostgresAddress, tmp_path: Path
) -> None:
    url = migrated_url(tmp_path, postgres)
    name = url.rpartition("/")[2]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET timezone TO 'Asia/Tokyo'".encode())
    with Pooler(tmp_path, postgres) as pooler:
        cli = Cli(tmp_path, pooler.address.url(name))
        finished = cli.run("serve", "--port", "0", BURSAR_DIRECT_DATABASE_URL=url)
    assert finished.returncode == 2
    assert finished.stderr.splitlines()[-1] == f"BURSAR_DATABASE_URL {NOT_UTC}"


class TestWithoutAPooler:
    def test_the_database_itself_is_not_taken_for_one(self, place: Place) -> None:
        assert place.direct.ok("check") == ["everything holds"]
