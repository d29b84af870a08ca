"""`.../policy-redemption/enterprise-customer/{uuid}/can-redeem/`: asks, and changes nothing."""

from typing import Any
from uuid import uuid4

import pytest

from bursar.credit.policy_types import PER_LEARNER_ENROLLMENT, PER_LEARNER_SPEND
from testing.clients.api import Api, JsonObject, visible
from testing.shops.budget import COURSE, PRICE, PRICED, BudgetShop, open_budget
from testing.shops.service import Service

ANA, BEN = "ana@example.org", "ben@example.org"
JSON = {"Accept": "application/json"}


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    return open_budget(service)


def path_of(enterprise: object) -> str:
    return f"/enterprise/v1/policy-redemption/enterprise-customer/{enterprise}/can-redeem/"


def ask(budget: BudgetShop, *names: str, **learner: Any) -> list[JsonObject]:
    query = {"content_key": [budget.key(name) for name in names]} | (learner or {"email": ANA})
    response = budget.shop.api.get(path_of(budget.shop.uuid), params=query, headers=JSON)
    assert response.status_code == 200, response.text
    answer: list[JsonObject] = response.json()
    return answer


def reasons(answer: JsonObject) -> dict[str, list[str]]:
    return {each["reason"]: each["policy_uuids"] for each in answer["reasons"]}


class TestAssigned:
    def test_what_is_assigned_can_be_redeemed(self, budget: BudgetShop) -> None:
        budget.allocate(ANA, content=PRICED)
        figures = budget.figures
        (answer,) = ask(budget, PRICED)
        assert list(answer) == [
            "content_key",
            "can_redeem",
            "redeemable_subsidy_access_policy",
            "list_price",
            "reasons",
            "redemptions",
        ]
        (item,) = budget.policies()["results"]
        assert answer == {
            "content_key": budget.key(PRICED),
            "can_redeem": True,
            "redeemable_subsidy_access_policy": item,
            "list_price": {"usd": PRICE / 100, "usd_cents": PRICE},
            "reasons": [],
            "redemptions": [],
        }
        assert budget.figures == figures
        assert budget.redeem(PRICED, learner_email=ANA).status_code == 200

    def test_what_is_not_cannot(self, budget: BudgetShop) -> None:
        budget.allocate(ANA, content=PRICED)
        (answer,) = ask(budget, PRICED, email=BEN)
        assert answer["can_redeem"] is False
        assert answer["redeemable_subsidy_access_policy"] is None
        assert reasons(answer) == {"assignment_not_found": [str(budget.uuid)]}
        assert list(answer["reasons"][0]) == [
            "reason",
            "user_message",
            "policy_uuids",
            "metadata",
        ]

    def test_what_was_redeemed_is_shown(self, budget: BudgetShop) -> None:
        budget.allocate(ANA, content=PRICED)
        transaction = budget.redeem(PRICED, learner_email=ANA).json()
        (answer,) = ask(budget, PRICED)
        assert answer["can_redeem"] is False
        assert answer["redemptions"] == [transaction]

    def test_asking_makes_no_learner(self, budget: BudgetShop) -> None:
        ask(budget, PRICED)
        (answer,) = ask(budget, PRICED, lms_user_id=41)
        assert reasons(answer) == {"learner_unknown": [str(budget.uuid)]}


class TestDirect:
    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"active": False}, "policy_expired"),
            ({"per_learner_spend_limit": PRICE - 1}, "learner_max_spend_reached"),
            ({"spend_limit": PRICE - 1}, "policy_spend_limit_reached"),
            ({"per_learner_spend_limit": PRICE}, None),
        ],
    )
    def test_the_answer_is_that_of_a_redemption(
        self, service: Service, fields: JsonObject, reason: str | None
    ) -> None:
        budget = open_budget(service, policy_type=PER_LEARNER_SPEND, **fields)
        (answer,) = ask(budget, PRICED)
        response = budget.redeem(PRICED, learner_email=ANA)
        if reason is None:
            assert (answer["can_redeem"], response.status_code) == (True, 200)
        else:
            assert reasons(answer) == {reason: [str(budget.uuid)]}
            assert [each["reason"] for each in response.json()] == [reason]

    def test_any_budget_that_pays_suffices(self, service: Service) -> None:
        budget = open_budget(service)
        other = budget.sibling(policy_type=PER_LEARNER_ENROLLMENT, per_learner_enrollment_limit=1)
        (answer,) = ask(budget, PRICED)
        assert answer["redeemable_subsidy_access_policy"]["uuid"] == str(other.uuid)
        assert answer["reasons"] == []

    def test_each_content_is_answered_in_the_order_of_the_question(self, service: Service) -> None:
        budget = open_budget(
            service, policy_type=PER_LEARNER_ENROLLMENT, per_learner_enrollment_limit=9
        )
        answers = ask(budget, "Unknown", PRICED, "Unknown", COURSE)
        assert [each["content_key"] for each in answers] == [
            budget.key(name) for name in ("Unknown", PRICED, COURSE)
        ]
        assert reasons(answers[0]) == {"content_not_in_catalog": [str(budget.uuid)]}
        assert answers[0]["list_price"] is None
        assert answers[1]["can_redeem"] is True


class TestRequest:
    def test_a_foreign_enterprise_is_as_an_unknown_one(self, budget: BudgetShop, api: Api) -> None:
        query = {"content_key": budget.key(PRICED), "email": ANA}
        foreign, unknown = (
            api.get(path_of(uuid), params=query) for uuid in (budget.shop.uuid, uuid4())
        )
        assert foreign.status_code == 404
        assert visible(foreign) == visible(unknown)

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ({}, {"content_key"}),
            ({"content_key": " ", "email": ANA}, {"content_key"}),
            ({"content_key": "x"}, {"non_field_errors"}),
            ({"content_key": "x", "email": ANA, "lms_user_id": "1"}, {"non_field_errors"}),
            ({"content_key": "x", "lms_user_id": "ana"}, {"lms_user_id"}),
            ({"content_key": [str(n) for n in range(51)], "email": ANA}, {"content_key"}),
        ],
    )
    def test_bad_parameters(
        self, budget: BudgetShop, query: dict[str, Any], names: set[str]
    ) -> None:
        response = budget.shop.api.get(path_of(budget.shop.uuid), params=query, headers=JSON)
        assert response.status_code == 400
        assert set(response.json()) == names
