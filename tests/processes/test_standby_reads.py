"""Reads from a standby that really streams: never older than allowed, never without one's own
writes, and from the primary whenever the standby cannot serve."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import psycopg
import pytest

from bursar import clock
from testing.clients.api import Api
from testing.databases.migrated import migrate
from testing.databases.standby import Primary, Standby
from testing.servers.cli import Cli
from testing.servers.installation import Ground, running
from testing.shops.budget import POLICIES, BudgetShop
from testing.waiting import wait_until
from testing.worlds.contract import client

pytestmark = pytest.mark.slow

HEADER = "x-data-as-of"


@dataclass(frozen=True)
class Pair:
    primary: Primary
    standby: Standby
    cli: Cli
    ground: Ground

    def pause(self) -> None:
        """The standby goes on to receive what is written, and shows none of it."""
        self.standby.asked("SELECT pg_wal_replay_pause()")
        wait_until(lambda: self.standby.asked("SELECT pg_get_wal_replay_pause_state()") == "paused")

    def resume(self) -> None:
        with suppress(psycopg.OperationalError):
            self.standby.asked("SELECT pg_wal_replay_resume()")


@pytest.fixture(params=[3600.0, 0.5])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    with ExitStack() as stack:
        primary = stack.enter_context(Primary())
        cli = Cli(tmp_path_factory.mktemp("pair"), primary.create_database("bursar"))
        migrate(cli.url)
        standby = stack.enter_context(Standby(primary))
        settings = {
            "BURSAR_REPLICA_URL": standby.address.url("bursar"),
            "BURSAR_REPLICA_LAG": str(request.param),
        }
        ground = stack.enter_context(running(cli, ((), ()), settings=settings))
        yield Pair(primary, standby, cli, ground)


patient = pytest.mark.parametrize("pair", [3600.0], indirect=True)
hasty = pytest.mark.parametrize("pair", [0.5], indirect=True)


def listed(budget: BudgetShop, api: Api | None = None) -> httpx.Response:
    answer = (api or budget.shop.api).get(
        budget.assignments_path, headers={"Accept": "application/json"}
    )
    assert answer.status_code == 200, answer.text
    return answer


def another_client(budget: BudgetShop) -> Api:
    name = f"{budget.shop.org}-other"
    budget.shop.declare(clients=[client(name, "reporting")])
    return budget.shop.service.acting_as(name)


def shown_by(pair: Pair, name: str) -> float:
    """The figure at `/metrics` of the first server."""
    text = pair.ground.services[0].anonymous.get("/metrics").text
    [line] = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


@patient
def test_a_client_reads_its_own_writes_through_every_process(pair: Pair) -> None:
    here, there = pair.ground.open_budget()
    other = another_client(here)
    here.allocate("before@example.org", price=1)
    wait_until(lambda: HEADER in listed(there).headers, "the standby serves")
    assert listed(there).json()["count"] == 1
    pair.pause()
    here.allocate("own@example.org", price=1)
    for budget in (here, there):
        own = listed(budget)
        assert (own.json()["count"], HEADER in own.headers) == (2, False)
    # Whoever wrote nothing is served by the standby, and told how old that is.
    theirs = listed(there, other)
    assert (theirs.json()["count"], len(theirs.json()["results"])) == (1, 1)
    as_of = datetime.fromisoformat(theirs.headers[HEADER])
    assert clock.now() - timedelta(minutes=10) < as_of <= clock.now()
    pair.resume()
    wait_until(lambda: HEADER in listed(there).headers, "the standby has caught up")
    assert listed(there).json()["count"] == 2
    # What a decision needs comes from the primary, always.
    policies = other.get(POLICIES, params={"enterprise_customer_uuid": str(here.shop.uuid)})
    assert (policies.status_code, HEADER in policies.headers) == (200, False)


@hasty
def test_a_standby_that_is_behind_serves_nobody(pair: Pair) -> None:
    here, there = pair.ground.open_budget()
    other = another_client(here)
    wait_until(lambda: HEADER in listed(there, other).headers, "the standby serves")
    csv = f"/enterprise/v3/enterprise-customer/{here.shop.uuid}/learner-summary?format=csv"
    wait_until(lambda: HEADER in other.get(csv).headers, "the standby streams")
    assert shown_by(pair, "bursar_standby_lag_seconds") < 10
    pair.pause()
    here.allocate("new@example.org", price=1)
    wait_until(lambda: HEADER not in listed(there, other).headers, "the standby is behind")
    assert listed(there, other).json()["count"] == 1
    wait_until(lambda: shown_by(pair, "bursar_standby_serves") == 0, "that is shown")
    before = shown_by(pair, "bursar_standby_lag_seconds")
    wait_until(lambda: shown_by(pair, "bursar_standby_lag_seconds") > before, "the lag grows")
    pair.resume()
    wait_until(lambda: shown_by(pair, "bursar_standby_serves") == 1, "it serves again")
    wait_until(lambda: HEADER in listed(there, other).headers, "the standby has caught up")


@patient
def test_without_its_standby_the_primary_serves(pair: Pair) -> None:
    here, _ = pair.ground.open_budget()
    other = another_client(here)
    wait_until(lambda: HEADER in listed(here, other).headers, "the standby serves")
    csv = f"/enterprise/v3/enterprise-customer/{here.shop.uuid}/learner-summary?format=csv"
    pair.standby.kill()
    for _ in range(5):
        assert listed(here, other).json()["count"] == 0
        assert other.get(csv).status_code == 200
    wait_until(lambda: HEADER not in listed(here, other).headers, "the standby is known to be away")
    assert shown_by(pair, "bursar_standby_serves") == 0
    assert "Traceback" not in pair.ground.services[0].log()
