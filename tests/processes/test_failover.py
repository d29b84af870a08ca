"""A primary that dies and a database that turns read-only: nothing that was acknowledged is lost,
and whoever asks is told."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest

from bursar.database.engine import Database
from bursar.database.troubles import DatabaseReadOnly
from bursar.web.pipeline import READ_ONLY
from bursar.web.system import READ_ONLY as NOT_READY
from testing.databases.migrated import migrate
from testing.databases.standby import Primary, Standby, url_of_both
from testing.servers.cli import Cli, acme, declared
from testing.servers.installation import Ground, running
from testing.shops.budget import BudgetShop, open_budget
from testing.waiting import wait_until

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Pair:
    primary: Primary
    standby: Standby
    ground: Ground


@pytest.fixture
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with ExitStack() as stack:
        primary = stack.enter_context(Primary(durable=True))
        standby = stack.enter_context(Standby(primary, durable=True))
        primary.require_standby()
        primary.create_database("bursar")
        cli = Cli(tmp_path_factory.mktemp("pair"), url_of_both(primary, standby, "bursar"))
        migrate(cli.url)
        yield Pair(primary, standby, stack.enter_context(running(cli, ((),), has_worker=True)))


def allocated_after_a_while(budget: BudgetShop, email: str) -> None:
    def is_done() -> bool:
        answer = budget.ask(budget.wish(email, price=1))
        assert answer.status_code in {202, 503}, answer.text
        return answer.status_code == 202

    wait_until(is_done, "writes are accepted again")


def test_what_was_acknowledged_is_at_the_standby_that_takes_over(pair: Pair) -> None:
    budget = open_budget(pair.ground.services[0])
    before = [f"before-{number}@example.org" for number in range(20)]
    for email in before:
        budget.allocate(email, price=1)
    redeemed = budget.redeem(lms_user_id=1).status_code
    pair.primary.kill()
    pair.standby.promote()
    allocated_after_a_while(budget, "after@example.org")
    items = budget.assignments(page_size=100)["results"]
    assert {item["learner_email"] for item in items} == {*before, "after@example.org"}
    assert redeemed in {200, 422}
    assert pair.ground.services[0].anonymous.get("/ready").json() == {"status": "ready"}
    assert pair.ground.cli.ok("check") == ["everything holds"]
    assert "Traceback" not in pair.ground.services[0].log()


@pytest.fixture
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Primary, Ground]]:
    with ExitStack() as stack:
        primary = stack.enter_context(Primary())
        cli = Cli(tmp_path_factory.mktemp("lone"), primary.create_database("bursar"))
        migrate(cli.url)
        yield primary, stack.enter_context(running(cli, ((),)))


def test_a_database_that_turned_read_only_serves_reads_and_says_so(
    lone: tuple[Primary, Ground],
) -> None:
    primary, ground = lone
    service = ground.services[0]
    budget = open_budget(service)
    manifest = ground.cli.write("manifest.json", declared(acme()))
    primary.configure("default_transaction_read_only", "on")
    wait_until(lambda: refusal(budget), "the setting has reached all sessions")
    for _ in range(5):
        answer = refusal(budget)
        assert answer is not None
        assert answer.json() == {"detail": READ_ONLY}
        assert answer.headers["retry-after"] == "5"
        ready = service.anonymous.get("/ready")
        assert (ready.status_code, ready.json()["detail"]) == (503, NOT_READY)
        assert budget.figures[1] == 0
    refused = ground.cli.refused("apply", "-f", manifest, code=1)
    assert refused == ["The database accepts no changes: it is read-only, as a standby is."]
    primary.configure("default_transaction_read_only", None)
    allocated_after_a_while(budget, "after@example.org")
    assert service.anonymous.get("/ready").status_code == 200
    assert "Traceback" not in service.log()


def test_two_hosts_of_which_none_accepts_writes_are_told_apart_from_none_at_all(
    lone: tuple[Primary, Ground],
) -> None:
    primary, _ = lone
    primary.configure("default_transaction_read_only", "on")
    database = Database(url_of_both(primary, primary, "bursar"))
    with pytest.raises(DatabaseReadOnly), database.read():
        pass
    database.dispose()


def refusal(budget: BudgetShop) -> httpx.Response | None:
    answer = budget.ask(budget.wish("nobody@example.org", price=1))
    return answer if answer.status_code == 503 else None
