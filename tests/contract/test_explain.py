"""`GET /enterprise/v1/explain`: every rule, as the operation itself asks it."""

from typing import Any
from uuid import uuid4

import pytest

from bursar.credit.policy_types import PER_LEARNER_ENROLLMENT, PER_LEARNER_SPEND
from testing.clients.api import Api, JsonObject, visible
from testing.shops.budget import CLOSED, COURSE, PRICE, PRICED, BudgetShop, open_budget
from testing.shops.plan import open_plan
from testing.shops.service import Service, Shop
from testing.worlds.contract import course, run

ANA, BEN = "ana@example.org", "ben@example.org"
PATH = "/enterprise/v1/explain"
JSON = {"Accept": "application/json"}
DIRECT = (
    "learner_known",
    "budget_in_use",
    "subsidy_active",
    "content_in_catalog",
    "enrollment_open",
    "seat_not_paid",
    "price_known",
    "learner_spend_limit",
    "learner_enrollment_limit",
    "subsidy_balance",
    "spend_limit",
)


def explained(shop: Shop, key: str, **learner: Any) -> list[JsonObject]:
    query = {"enterprise_customer_uuid": str(shop.uuid), "content_key": key}
    named = query | (learner or {"email": ANA})
    answer = shop.api.get(PATH, params=named, headers=JSON)
    assert answer.status_code == 200, answer.text
    found: list[JsonObject] = answer.json()
    for each in found:
        assert list(each) == ["subject", "rule", "holds", "fact", "cure"]
        assert each["fact"].endswith(".")
        assert (each["cure"] is None) == each["holds"]
    return found


def of_budget(budget: BudgetShop, content: str = PRICED, **learner: Any) -> list[JsonObject]:
    found = explained(budget.shop, budget.key(content), **learner)
    return [each for each in found if each["subject"]["uuid"] == str(budget.uuid)]


def failing(found: list[JsonObject]) -> list[str]:
    return [each["rule"] for each in found if not each["holds"]]


class TestBudgets:
    def test_every_rule_is_told_in_its_order(self, service: Service) -> None:
        budget = open_budget(service, policy_type=PER_LEARNER_SPEND)
        found = of_budget(budget)
        assert tuple(each["rule"] for each in found) == DIRECT
        assert failing(found) == []
        assert found[0]["subject"] == {
            "type": "policy",
            "uuid": str(budget.uuid),
            "name": "Budget",
        }
        facts = {each["rule"]: each["fact"] for each in found}
        assert facts["price_known"] == "The course costs $100.00."
        assert facts["subsidy_balance"] == (
            "The course costs $100.00; the subsidy has $1,000.00 left."
        )
        assert facts["spend_limit"] == "The budget has no limit."
        assert facts["subsidy_active"].endswith("until 31 December 2089, 23:59 UTC.")

    @pytest.mark.parametrize(
        ("fields", "content", "rules"),
        [
            ({"active": False}, PRICED, ["budget_in_use"]),
            ({"per_learner_spend_limit": PRICE - 1}, PRICED, ["learner_spend_limit"]),
            ({"spend_limit": PRICE - 1}, PRICED, ["spend_limit"]),
            ({}, CLOSED, ["price_known"]),
            ({}, COURSE, ["price_known"]),
            ({}, "Unknown", ["content_in_catalog"]),
            (
                {"active": False, "per_learner_spend_limit": 1, "spend_limit": 2},
                PRICED,
                ["budget_in_use", "learner_spend_limit", "spend_limit"],
            ),
            ({}, PRICED, []),
        ],
    )
    def test_the_first_that_fails_is_what_refuses_the_redemption(
        self, service: Service, fields: JsonObject, content: str, rules: list[str]
    ) -> None:
        budget = open_budget(service, policy_type=PER_LEARNER_SPEND, **fields)
        found = of_budget(budget, content)
        before = budget.figures
        assert failing(found) == rules
        assert budget.figures == before
        answer = budget.redeem(content, learner_email=ANA)
        assert (answer.status_code == 200) == (not rules), answer.text

    def test_limits_tell_what_was_used(self, service: Service) -> None:
        budget = open_budget(
            service, policy_type=PER_LEARNER_ENROLLMENT, per_learner_enrollment_limit=1
        )
        assert budget.redeem(PRICED, learner_email=ANA).status_code == 200
        found = {each["rule"]: each for each in of_budget(budget)}
        assert not found["seat_not_paid"]["holds"]
        assert found["seat_not_paid"]["fact"].endswith("is paid for already (credit).")
        limit = found["learner_enrollment_limit"]
        assert (limit["holds"], limit["fact"]) == (
            False,
            "The learner has 1 of 1 enrollments.",
        )

    def test_an_assigned_budget_asks_for_the_assignment(self, service: Service) -> None:
        budget = open_budget(service)
        found = of_budget(budget)
        assert failing(found) == ["assigned"]
        assert found[-1]["cure"] == "Allocate the course to the learner."
        budget.allocate(ANA, content=PRICED)
        found = of_budget(budget)
        assert failing(found) == []
        assert [each["rule"] for each in found][3:] == [
            "assigned",
            "assignment_waits",
            "content_in_catalog",
            "assignment_not_expired",
            "enrollment_open",
            "seat_not_paid",
        ]
        assert budget.redeem(PRICED, learner_email=ANA).status_code == 200
        assert failing(of_budget(budget)) == ["assignment_waits", "seat_not_paid"]

    def test_an_account_that_nobody_has(self, service: Service) -> None:
        budget = open_budget(service)
        assert failing(of_budget(budget, lms_user_id=41)) == ["learner_known"]


class TestPlans:
    def test_a_license_is_assigned_activated_and_used(self, service: Service) -> None:
        plan = open_plan(service, num_licenses=2)
        key = plan.shop.key("Open")
        plan.shop.stock(course(key, run(f"course-v1:{key}+1")))

        def found() -> list[JsonObject]:
            told = explained(plan.shop, key)
            assert {each["subject"]["type"] for each in told} == {"subscription_plan"}
            return told

        assert failing(found()) == ["has_license"]
        plan.assign(ANA)
        assert failing(found()) == ["license_activated"]
        plan.activate(ANA)
        assert failing(found()) == []
        assert [each["rule"] for each in found()] == [
            "plan_usable",
            "has_license",
            "license_activated",
            "content_in_catalog",
            "enrollment_open",
            "seat_not_paid",
        ]
        assert failing(explained(plan.shop, "un+known")) == ["content_in_catalog"]
        plan.change(is_active=False)
        assert failing(found()) == ["plan_usable"]
        assert failing(explained(plan.shop, key, email=BEN)) == ["plan_usable", "has_license"]


class TestRequest:
    def test_a_foreign_enterprise_is_as_an_unknown_one(self, service: Service, api: Api) -> None:
        shop = service.open_shop()
        foreign, unknown = (
            api.get(
                PATH,
                params={"enterprise_customer_uuid": uuid, "content_key": "x", "email": ANA},
            )
            for uuid in (str(shop.uuid), str(uuid4()))
        )
        assert foreign.status_code == 404
        assert visible(foreign) == visible(unknown)

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ({"email": ANA}, {"content_key"}),
            ({"content_key": "x" * 256, "email": ANA}, {"content_key"}),
            ({"content_key": "x"}, {"non_field_errors"}),
            ({"content_key": "x", "email": ANA, "lms_user_id": "1"}, {"non_field_errors"}),
            ({"content_key": "x", "lms_user_id": "ana"}, {"lms_user_id"}),
        ],
    )
    def test_bad_parameters(self, service: Service, query: dict[str, Any], names: set[str]) -> None:
        shop = service.open_shop()
        named = {"enterprise_customer_uuid": str(shop.uuid)} | query
        answer = shop.api.get(PATH, params=named, headers=JSON)
        assert answer.status_code == 400
        assert set(answer.json()) == names
