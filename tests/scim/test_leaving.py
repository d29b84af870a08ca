"""Somebody leaves: licenses go as far as the cap allows, assignments are taken back, and nothing
new is given; who comes back gets nothing back."""

from uuid import uuid4

import pytest

from testing.clients.api import JsonObject
from testing.shops.budget import BudgetShop, open_budget, reason_against
from testing.shops.service import Service, Shop
from tests.scim.provider import Provider, open_provider

ANA, BEN, CAL = "ana@example.org", "ben@example.org", "cal@example.org"
LEAVE = {"op": "replace", "path": "active", "value": False}
RETURN = {"op": "replace", "path": "active", "value": True}
JSON = {"Accept": "application/json"}


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    return open_budget(service)


@pytest.fixture
def provider(service: Service, budget: BudgetShop) -> Provider:
    return open_provider(service, budget.shop)


def open_plan(shop: Shop, **fields: object) -> str:
    uuid = str(uuid4())
    plan = {
        "uuid": uuid,
        "title": "Plan",
        "start_date": "2020-01-01T00:00:00Z",
        "expiration_date": "2090-01-01T00:00:00Z",
        "enterprise_catalog_uuid": str(shop.catalog_uuid),
        "num_licenses": 10,
        **fields,
    }
    shop.declare(subscription_plans=[plan])
    return f"/enterprise/v1/subscriptions/{uuid}/licenses"


def give(shop: Shop, plan: str, *emails: str, status: int = 200) -> JsonObject:
    answer = shop.api.post(f"{plan}/assign", json={"user_emails": list(emails)}, headers=JSON)
    assert answer.status_code == status, answer.text
    found: JsonObject = answer.json()
    return found


def licenses(shop: Shop, plan: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    path = f"{plan}?status=assigned,activated,revoked&page_size=100"
    for each in shop.api.json(path)["results"]:
        found.setdefault(each["user_email"], []).append(each["status"])
    return found


def activate(shop: Shop, plan: str, *emails: str) -> None:
    for each in shop.api.json(f"{plan}?page_size=100")["results"]:
        if each["user_email"] in emails:
            answer = shop.api.post(f"{plan}/{each['uuid']}/activate", headers=JSON)
            assert answer.status_code == 200, answer.text


def test_what_was_promised_goes_back(budget: BudgetShop, provider: Provider) -> None:
    plan = open_plan(budget.shop)
    user = provider.create(ANA)
    give(budget.shop, plan, ANA, BEN)
    assert len(budget.assigned(ANA, BEN)) == 2
    shown = provider.patch(f"/Users/{user['id']}", LEAVE)
    assert shown["active"] is False
    assert sorted(budget.states.values()) == ["allocated", "cancelled"]
    assert budget.figures[1] == 10_000
    assert licenses(budget.shop, plan) == {ANA: ["revoked"], BEN: ["assigned"]}
    (event,) = provider.events("learner.deactivated")
    assert event["data"]["revoked_licenses"] == event["data"]["cancelled_assignments"] == 1
    assert event["data"]["kept_licenses"] == []
    assert ANA not in str(event)
    provider.patch(f"/Users/{user['id']}", LEAVE)
    assert len(provider.events("learner.deactivated")) == 1


def test_nothing_new_is_given(budget: BudgetShop, provider: Provider) -> None:
    plan = open_plan(budget.shop)
    user = provider.create(ANA)
    budget.know(ana=501, cal=501)
    provider.patch(f"/Users/{user['id']}", LEAVE)
    for email in (ANA, CAL):
        (entry,) = budget.ask(budget.wish(BEN, email)).json()
        assert entry["reason"] == "learner_deactivated"
        assert entry["metadata"] == {"learner_emails": [email]}
        assert reason_against(budget, learner_email=email) == "learner_deactivated"
        assert email in give(budget.shop, plan, BEN, email, status=422)["detail"]
    assert budget.assignments()["count"] == 0
    assert licenses(budget.shop, plan) == {}


def test_who_comes_back_gets_nothing_back(budget: BudgetShop, provider: Provider) -> None:
    plan = open_plan(budget.shop)
    user = provider.create(ANA)
    give(budget.shop, plan, ANA)
    budget.assigned(ANA)
    path = f"/Users/{user['id']}"
    provider.patch(path, LEAVE)
    assert provider.patch(path, RETURN)["active"] is True
    assert licenses(budget.shop, plan) == {ANA: ["revoked"]}
    assert list(budget.states.values()) == ["cancelled"]
    assert len(provider.events("learner.reactivated")) == 1
    give(budget.shop, plan, ANA)
    assert len(budget.allocate(ANA)["updated"]) == 1


def test_the_cap_decides_what_is_kept(budget: BudgetShop, provider: Provider) -> None:
    capped = {"is_revocation_cap_enabled": True, "revoke_max_percentage": 10}
    plan = open_plan(budget.shop, **capped)
    users = [provider.create(email) for email in (ANA, BEN, CAL)]
    give(budget.shop, plan, ANA, BEN, CAL)
    activate(budget.shop, plan, ANA, BEN)
    for user in users:
        assert provider.patch(f"/Users/{user['id']}", LEAVE)["active"] is False
    held = licenses(budget.shop, plan)
    assert (held[ANA], held[BEN], held[CAL]) == (["revoked"], ["activated"], ["revoked"])
    first, second, third = (each["data"] for each in provider.events("learner.deactivated"))
    assert (first["kept_licenses"], third["kept_licenses"]) == ([], [])
    assert (second["revoked_licenses"], len(second["kept_licenses"])) == (0, 1)
