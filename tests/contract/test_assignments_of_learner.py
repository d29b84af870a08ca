"""`GET /enterprise/v1/assignments`: one learner's over all budgets, beyond the reference."""

from uuid import uuid4

import pytest

from testing.clients.api import Api, JsonObject
from testing.shops.budget import PRICED, BudgetShop, open_budget
from testing.shops.service import Service

PATH = "/enterprise/v1/assignments"
JSON = {"Accept": "application/json"}
ANA, BEN = "ana@example.org", "ben@example.org"


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    return open_budget(service)


def find(budget: BudgetShop, **query: str) -> JsonObject:
    named = {"enterprise_customer_uuid": str(budget.shop.uuid)} | query
    return budget.shop.api.json(PATH, params=named)


def test_over_all_budgets_in_whatever_state(budget: BudgetShop) -> None:
    other = budget.sibling()
    (first,) = budget.assigned(ANA)
    (second,) = other.assigned(ANA, content=PRICED)
    budget.assigned(BEN)
    assert other.act("cancel", [second]).status_code == 200
    page = find(budget, learner_email=" ANA@example.org")
    assert list(page) == ["count", "next", "previous", "results"]
    assert page["count"] == 2
    found = {item["uuid"]: item for item in page["results"]}
    assert found == {first: budget.assignment(first), second: other.assignment(second)}
    assert [item["state"] for item in page["results"]] == ["cancelled", "allocated"]
    assert find(budget, learner_email="nobody@example.org")["results"] == []


def test_by_the_account(budget: BudgetShop) -> None:
    (uuid,) = budget.assigned(ANA)
    assert find(budget, lms_user_id="77")["count"] == 0
    budget.shop.declare(learners=[{"email": ANA, "lms_user_id": 77}])
    (found,) = find(budget, lms_user_id="77")["results"]
    assert found == budget.assignment(uuid)
    assert find(budget, lms_user_id="77", learner_email=ANA)["count"] == 1
    assert find(budget, lms_user_id="77", learner_email=BEN)["count"] == 0


def test_pages(budget: BudgetShop) -> None:
    uuids = [*budget.assigned(ANA), *budget.assigned(ANA, content=PRICED)]
    query = {
        "enterprise_customer_uuid": str(budget.shop.uuid),
        "learner_email": ANA,
        "page_size": "1",
    }
    pages = list(budget.shop.api.pages(PATH, params=query))
    assert [item["uuid"] for page in pages for item in page["results"]] == uuids[::-1]
    response = budget.shop.api.get(PATH, params=query | {"page": "3"}, headers=JSON)
    assert (response.status_code, response.json()) == (404, {"detail": "Invalid page."})


def test_a_foreign_enterprise_is_as_an_unknown_one(budget: BudgetShop, api: Api) -> None:
    budget.assigned(ANA)
    foreign, unknown = (
        api.json(PATH, params={"enterprise_customer_uuid": str(uuid), "learner_email": ANA})
        for uuid in (budget.shop.uuid, uuid4())
    )
    assert foreign == unknown
    assert foreign["results"] == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, {"enterprise_customer_uuid"}),
        ({"enterprise_customer_uuid": "x"}, {"enterprise_customer_uuid"}),
        ({"enterprise_customer_uuid": str(uuid4())}, {"non_field_errors"}),
        ({"enterprise_customer_uuid": str(uuid4()), "lms_user_id": "ana"}, {"lms_user_id"}),
    ],
)
def test_bad_parameters(api: Api, query: dict[str, str], names: set[str]) -> None:
    response = api.get(PATH, params=query, headers=JSON)
    assert response.status_code == 400
    assert set(response.json()) == names
