"""How redemptions end, with a worker at work: committed, failed, reversed."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from bursar.api.redemption import TRANSACTION_EXAMPLE
from bursar.credit.policy_types import PER_LEARNER_SPEND
from bursar.credit.redemption.jobs import NO_RUN
from testing.clients.api import JsonObject
from testing.databases.migrated import migrated_url
from testing.servers.cli import Cli
from testing.servers.processes import WorkerProcess
from testing.shops.budget import (
    CLOSED,
    COURSE,
    PRICED,
    BudgetShop,
    open_budget,
    reason_against,
    redeemed,
)
from testing.shops.service import Service
from testing.waiting import wait_until

ANA = "ana@example.org"


@pytest.fixture(scope="module")
def working(
    dialect: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Service]:
    """A service with a worker beside it, on a database of its own."""
    folder: Path = tmp_path_factory.mktemp("working")
    is_sqlite = dialect == "sqlite"
    url = migrated_url(folder, None if is_sqlite else request.getfixturevalue("postgres"))
    with ExitStack() as stack:
        stack.enter_context(WorkerProcess(folder, Cli(folder, url).environment))
        yield Service.running(stack, url, folder, {})


def settled(budget: BudgetShop, uuid: str, *before: str) -> JsonObject:
    """The transaction, as soon as it is in none of these states."""
    wait_until(lambda: budget.transaction(uuid)["state"] not in before)
    return budget.transaction(uuid)


def test_an_assignment_is_redeemed_and_reversed(working: Service) -> None:
    budget = open_budget(working)
    (assignment,) = budget.assigned(ANA, price=30_000)
    uuid = redeemed(budget, learner_email=" ANA@example.org")["uuid"]
    transaction = settled(budget, uuid, "created")
    assert (transaction["state"], transaction["error"]) == ("committed", None)
    item = budget.assignment(assignment)
    assert (item["state"], item["transaction_uuid"]) == ("accepted", uuid)
    assert "redeemed" in [action["action_type"] for action in item["actions"]]
    assert budget.figures == (30_000, 0, 70_000)

    reversal = budget.reverse(uuid)
    assert reversal.status_code == 200
    assert list(reversal.json()) == list(TRANSACTION_EXAMPLE)
    assert reversal.json() == budget.transaction(uuid)
    item = budget.assignment(assignment)
    assert (item["state"], item["transaction_uuid"]) == ("reversed", uuid)
    assert item["actions"][-1]["action_type"] == "reversed"
    assert budget.figures == (0, 0, 100_000)
    again = budget.reverse(uuid)
    assert again.status_code == 422
    assert list(again.json()) == ["detail"]
    assert budget.figures == (0, 0, 100_000)


def redeemed_when_the_seat_is_free(budget: BudgetShop, content: str = COURSE) -> str:
    """Until the LMS has ended the enrollment of a reversed redemption, the seat is taken."""
    answers: list[httpx.Response] = []

    def is_redeemed() -> bool:
        answers.append(budget.redeem(content, learner_email=ANA))
        return answers[-1].status_code == 200

    wait_until(is_redeemed)
    assert {each.json()[0]["reason"] for each in answers[:-1]} <= {"already_enrolled"}
    uuid: str = answers[-1].json()["uuid"]
    return uuid


def test_after_the_reversal_it_can_be_allocated_and_redeemed_again(
    working: Service,
) -> None:
    budget = open_budget(working)
    (assignment,) = budget.assigned(ANA)
    first = redeemed(budget, learner_email=ANA)["uuid"]
    settled(budget, first, "created")
    assert budget.reverse(first).status_code == 200
    (updated,) = budget.allocate(ANA, price=20_000)["updated"]
    assert (updated["uuid"], updated["transaction_uuid"]) == (assignment, None)
    second = redeemed_when_the_seat_is_free(budget)
    assert settled(budget, second, "created")["state"] == "committed"
    assert budget.transaction(first)["state"] == "reversed"
    assert budget.figures == (20_000, 0, 80_000)


def test_without_an_open_run_it_fails_for_good_and_the_money_is_back(
    working: Service,
) -> None:
    budget = open_budget(working)
    (assignment,) = budget.assigned(ANA, content=CLOSED)
    uuid = redeemed(budget, CLOSED, learner_email=ANA)["uuid"]
    transaction = settled(budget, uuid, "created")
    assert (transaction["state"], transaction["error"]) == ("failed", NO_RUN)
    assert transaction["courserun_key"] is None
    item = budget.assignment(assignment)
    shown = [item[name] for name in ("state", "transaction_uuid", "learner_state")]
    assert shown == ["errored", None, "failed"]
    assert item["error_reason"] == "enrollment_error"
    assert budget.figures == (0, 0, 100_000)
    assert reason_against(budget, CLOSED, learner_email=ANA) == "assignment_not_allocated"
    assert budget.reverse(uuid).status_code == 422


def test_a_budget_for_all_pays_the_known_price_once_for_each(working: Service) -> None:
    budget = open_budget(working, policy_type=PER_LEARNER_SPEND, per_learner_spend_limit=10_000)
    budget.know(ana=41)
    uuid = redeemed(budget, PRICED, lms_user_id=41)["uuid"]
    transaction = settled(budget, uuid, "created")
    assert transaction["state"] == "committed"
    assert (transaction["learner_email"], transaction["quantity"]) == (ANA, -10_000)
    assert reason_against(budget, PRICED, learner_email=ANA) == "already_enrolled"
    (entry,) = budget.redeem(PRICED, learner_email=ANA).json()
    assert entry["metadata"] == {"source": "credit", "transaction_uuid": uuid}
    assert budget.reverse(uuid).status_code == 200
    assert redeemed_when_the_seat_is_free(budget, PRICED) != uuid


def test_who_was_reminded_before_can_still_redeem(working: Service) -> None:
    budget = open_budget(working)
    (assignment,) = budget.assigned(ANA)
    assert budget.act("remind", [assignment]).status_code == 200
    uuid = redeemed(budget, learner_email=ANA)["uuid"]
    assert settled(budget, uuid, "created")["state"] == "committed"
    assert budget.figures == (10_000, 0, 90_000)


def test_in_the_end_the_books_are_right(working: Service, tmp_path: Path) -> None:
    url = working.database.url.render_as_string(hide_password=False)
    assert Cli(tmp_path, url).ok("check") == ["everything holds"]
