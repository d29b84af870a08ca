"""`GET .../policy-redemption/credits_available/`: which budgets a learner could spend from."""

from typing import Any
from uuid import uuid4

import pytest

from bursar.credit.policy_types import PER_LEARNER_ENROLLMENT, PER_LEARNER_SPEND
from testing.clients.api import Api, JsonObject
from testing.shops.budget import COURSE, PRICE, PRICED, BudgetShop, open_budget
from testing.shops.service import Service

PATH = "/enterprise/v1/policy-redemption/credits_available/"
ANA, BEN = "ana@example.org", "ben@example.org"
JSON = {"Accept": "application/json"}


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    return open_budget(service)


def ask(api: Api, enterprise: object, **query: Any) -> list[JsonObject]:
    named = {"enterprise_customer_uuid": str(enterprise)} | query
    response = api.get(PATH, params=named, headers=JSON)
    assert response.status_code == 200, response.text
    answer: list[JsonObject] = response.json()
    return answer


def credits_of(budget: BudgetShop, **learner: Any) -> list[JsonObject]:
    return ask(budget.shop.api, budget.shop.uuid, **(learner or {"email": ANA}))


def test_an_assigned_budget_with_what_waits_for_the_learner(budget: BudgetShop) -> None:
    first, second = budget.assigned(ANA), budget.assigned(ANA, content=PRICED)
    (item,) = budget.policies()["results"]
    (found,) = credits_of(budget)
    assert {name: found[name] for name in item} == item
    assert list(found)[len(item) :] == [
        "remaining_balance",
        "remaining_balance_per_user",
        "learner_content_assignments",
    ]
    assert (found["remaining_balance"], found["remaining_balance_per_user"]) == (80_000, None)
    waiting = [each["uuid"] for each in found["learner_content_assignments"]]
    assert sorted(waiting) == sorted([*first, *second])
    assert budget.redeem(COURSE, learner_email=ANA).status_code == 200
    (found,) = credits_of(budget)
    assert [each["uuid"] for each in found["learner_content_assignments"]] == second


def test_without_an_open_assignment_there_is_nothing(budget: BudgetShop) -> None:
    (uuid,) = budget.assigned(ANA)
    assert credits_of(budget, email=BEN) == []
    budget.act("cancel", [uuid])
    assert credits_of(budget) == []


@pytest.mark.parametrize(
    ("fields", "before", "after"),
    [
        (
            {"policy_type": PER_LEARNER_SPEND, "per_learner_spend_limit": 2 * PRICE},
            2 * PRICE,
            PRICE,
        ),
        ({"policy_type": PER_LEARNER_SPEND, "per_learner_spend_limit": PRICE}, PRICE, None),
        (
            {"policy_type": PER_LEARNER_ENROLLMENT, "per_learner_enrollment_limit": 2},
            2,
            1,
        ),
    ],
)
def test_what_remains_of_the_limit_of_a_learner(
    service: Service, fields: JsonObject, before: int, after: int | None
) -> None:
    budget = open_budget(service, **fields)
    (found,) = credits_of(budget)
    assert (found["remaining_balance"], found["remaining_balance_per_user"]) == (100_000, before)
    assert budget.redeem(PRICED, learner_email=ANA).status_code == 200
    remaining = [each["remaining_balance_per_user"] for each in credits_of(budget)]
    assert remaining == ([] if after is None else [after])
    (others,) = credits_of(budget, email=BEN)
    assert others["remaining_balance_per_user"] == before
    assert others["remaining_balance"] == 90_000


@pytest.mark.parametrize("fields", [{"active": False}, {"spend_limit": 0}])
def test_a_budget_that_cannot_be_spent_is_left_out(service: Service, fields: JsonObject) -> None:
    budget = open_budget(service, policy_type=PER_LEARNER_SPEND, **fields)
    assert credits_of(budget) == []


def test_an_account(service: Service) -> None:
    budget = open_budget(service, policy_type=PER_LEARNER_SPEND)
    assert credits_of(budget, lms_user_id=41) == []
    budget.know(ana=41)
    assert len(credits_of(budget, lms_user_id=41)) == 1


def test_a_foreign_enterprise_is_as_an_unknown_one(budget: BudgetShop, api: Api) -> None:
    budget.assigned(ANA)
    for uuid in (budget.shop.uuid, uuid4()):
        assert ask(api, uuid, email=ANA) == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"email": ANA}, {"enterprise_customer_uuid"}),
        ({"enterprise_customer_uuid": str(uuid4())}, {"non_field_errors"}),
        (
            {"enterprise_customer_uuid": str(uuid4()), "email": ANA, "lms_user_id": "1"},
            {"non_field_errors"},
        ),
        (
            {"enterprise_customer_uuid": "x", "lms_user_id": "y"},
            {"enterprise_customer_uuid", "lms_user_id"},
        ),
    ],
)
def test_bad_parameters(api: Api, query: dict[str, str], names: set[str]) -> None:
    response = api.get(PATH, params=query, headers=JSON)
    assert response.status_code == 400
    assert set(response.json()) == names
