"""What a test of an integration sees when something goes wrong in its sandbox, with a worker at
work."""

from typing import Any

import pytest

from bursar.delivery.captured import BOUNCED
from bursar.enrollment.rehearsal import REFUSED
from testing.clients.api import JsonObject
from testing.shops.budget import BudgetShop, furnished_budget, open_budget, redeemed
from testing.shops.service import Service
from testing.waiting import wait_until

ANA, BEN = "ana@example.org", "ben@example.org"
SANDBOX = "/enterprise/v1/sandbox"


@pytest.fixture
def budget(working: Service) -> BudgetShop:
    return furnished_budget(working.open_shop(sandbox=True))


def rehearse(budget: BudgetShop, **faults: Any) -> None:
    named = {"enterprise_customer_uuid": str(budget.shop.uuid)}
    answer = budget.shop.api.request("PUT", f"{SANDBOX}/faults", params=named, json=faults)
    assert answer.status_code == 200, answer.text


def settled(budget: BudgetShop, uuid: str) -> JsonObject:
    wait_until(lambda: budget.transaction(uuid)["state"] != "created")
    return budget.transaction(uuid)


def test_the_lms_refuses_and_the_money_goes_back(working: Service, budget: BudgetShop) -> None:
    rehearse(budget, lms={"refuse_one_in": 1})
    other = open_budget(working)
    uuids = []
    for each in (budget, other):
        each.assigned(ANA, price=30_000)
        uuids.append(redeemed(each, learner_email=ANA)["uuid"])
    failed = settled(budget, uuids[0])
    assert (failed["state"], failed["error"]) == ("failed", REFUSED)
    assert budget.figures[0] == 0
    assert settled(other, uuids[1])["state"] == "committed", "it is no sandbox"


def test_the_lms_is_away_and_comes_back(budget: BudgetShop) -> None:
    rehearse(budget, lms={"away": True})
    budget.assigned(ANA, price=30_000)
    uuid = redeemed(budget, learner_email=ANA)["uuid"]
    budget.assigned(BEN)
    rehearse(budget)
    assert settled(budget, uuid)["state"] == "committed"


def test_a_mail_bounces_and_the_assignment_says_so(budget: BudgetShop) -> None:
    rehearse(budget, mail={"bounce": True})
    (uuid,) = budget.assigned(ANA)
    wait_until(lambda: budget.shop.events("assignment.notification_failed") != [])
    parameters = {"enterprise_customer_uuid": str(budget.shop.uuid)}
    (mail,) = budget.shop.api.json(f"{SANDBOX}/mail", params=parameters)["results"]
    assert (mail["status"], mail["reason"]) == ("failed", BOUNCED)
    (action,) = (
        each for each in budget.assignment(uuid)["actions"] if each["action_type"] == "notified"
    )
    assert action["error_reason"] == "email_error"
