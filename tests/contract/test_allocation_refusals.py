"""`POST /enterprise/v1/policy-allocation/{policy_uuid}/allocate/`: what is refused, and why."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from bursar.credit.policy_types import PER_LEARNER_ENROLLMENT, PER_LEARNER_SPEND
from testing.clients.api import JsonObject, xml_of
from testing.shops.budget import COURSE, PRICED, BudgetShop, emails, open_budget
from testing.shops.service import Service
from testing.worlds.contract import PROGRAM

ANA = "ana@example.org"
REQUIRED = ["This field is required."]
NULL = ["This field may not be null."]
NO_INTEGER = ["A valid integer is required."]
NO_ADDRESS = ["Enter a valid email address."]
BLANK = ["This field may not be blank."]
TOO_MUCH = ["Ensure this value is less than or equal to 9223372036854775807."]

BAD_ADDRESSES: list[tuple[Any, Any]] = [
    (None, NULL),
    ([], ["This list may not be empty."]),
    (ANA, ['Expected a list of items but got type "str".']),
    ({ANA: 1}, ['Expected a list of items but got type "dict".']),
    ([""], {"0": NO_ADDRESS}),
    ([ANA, "ana", None, 7, [ANA], ANA.upper()], {
        "1": NO_ADDRESS,
        "2": NULL,
        "3": ["Not a valid string."],
        "4": ["Not a valid string."],
    }),
    (["a b@example.org", "a@b", "@example.org", "ana@", "a@b@example.org", "a\n@example.org"],
     {str(index): NO_ADDRESS for index in range(6)}),
    (["a" * 243 + "@example.org"], {"0": NO_ADDRESS}),
    (["\x00@example.org"], {"0": ["Null characters are not allowed.", *NO_ADDRESS]}),
]  # fmt: skip
BAD_KEYS: list[tuple[Any, list[str]]] = [
    (None, NULL),
    ("", BLANK),
    (" \t\n", BLANK),
    (7, ["Not a valid string."]),
    (["edX+DemoX"], ["Not a valid string."]),
    ("k" * 256, ["Ensure this field has no more than 255 characters."]),
    ("a\x00b", ["Null characters are not allowed."]),
]
BAD_PRICES: list[tuple[Any, list[str]]] = [
    (None, NULL),
    (True, NO_INTEGER),
    (False, NO_INTEGER),
    ("10", NO_INTEGER),
    (1.5, NO_INTEGER),
    (10.0, NO_INTEGER),
    ([10], NO_INTEGER),
    (-1, ["Ensure this value is greater than or equal to 0."]),
    (-(2**63), ["Ensure this value is greater than or equal to 0."]),
    (2**63, TOO_MUCH),
    (2**64 - 1, TOO_MUCH),
]


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    """With 100,000 cents."""
    return open_budget(service)


@pytest.fixture(scope="module")
def untouched(service: Service) -> Iterator[BudgetShop]:
    """For calls that change nothing."""
    budget = open_budget(service)
    yield budget
    assert budget.assignments()["count"] == 0
    assert budget.figures == (0, 0, 100_000)


def refusal(response: httpx.Response) -> JsonObject:
    """The one entry of the list, without its message for people."""
    assert response.status_code == 422, response.text
    (entry,) = response.json()
    assert entry.pop("user_message")
    return dict(entry)


def errors(response: httpx.Response) -> JsonObject:
    assert response.status_code == 400, response.text
    body: JsonObject = response.json()
    return body


class TestFields:
    @pytest.mark.parametrize(("value", "messages"), BAD_ADDRESSES)
    def test_bad_addresses(self, untouched: BudgetShop, value: Any, messages: Any) -> None:
        body = untouched.wish() | {"learner_emails": value}
        assert errors(untouched.ask(body))["learner_emails"] == messages

    @pytest.mark.parametrize(("value", "messages"), BAD_KEYS)
    def test_bad_content_keys(self, untouched: BudgetShop, value: Any, messages: Any) -> None:
        body = untouched.wish(ANA) | {"content_key": value}
        assert errors(untouched.ask(body))["content_key"] == messages

    @pytest.mark.parametrize(("value", "messages"), BAD_PRICES)
    def test_bad_prices(self, untouched: BudgetShop, value: Any, messages: Any) -> None:
        assert errors(untouched.ask(untouched.wish(ANA, price=value))) == {
            "content_price_cents": messages
        }

    @pytest.mark.parametrize("price", ["1" + "0" * 400, "-1" + "0" * 30, "1e400", "1e5", "NaN"])
    def test_prices_that_are_hardly_numbers(self, untouched: BudgetShop, price: str) -> None:
        text = (
            f'{{"learner_emails": ["{ANA}"], "content_key": "x", "content_price_cents": {price}}}'
        )
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        response = untouched.shop.api.post(
            untouched.allocation_path, content=text.encode(), headers=headers
        )
        assert list(errors(response)) in (["content_price_cents"], ["detail"])

    @pytest.mark.parametrize(
        ("body", "messages"),
        [
            ({}, dict.fromkeys(["learner_emails", "content_key", "content_price_cents"], REQUIRED)),
            (
                {"learner_emails": ["x", ANA], "content_key": " ", "content_price_cents": True},
                {
                    "learner_emails": {"0": NO_ADDRESS},
                    "content_key": BLANK,
                    "content_price_cents": NO_INTEGER,
                },
            ),
        ],
    )
    def test_all_are_told_at_once(
        self, untouched: BudgetShop, body: JsonObject, messages: JsonObject
    ) -> None:
        assert errors(untouched.ask(body)) == messages

    @pytest.mark.parametrize("body", [[], "text", 7, None, True])
    def test_a_body_that_is_no_object(self, untouched: BudgetShop, body: Any) -> None:
        text = "null" if body is None else None
        response = untouched.shop.api.post(
            untouched.allocation_path,
            json=body,
            content=text,
            headers={"Accept": "application/json", "Content-Type": "application/json"},
        )
        assert list(errors(response)) == ["non_field_errors"]

    def test_errors_of_items_are_elements_in_xml_too(self, untouched: BudgetShop) -> None:
        body = untouched.wish("x", ANA)
        root = xml_of(untouched.ask(body, Accept="application/xml"))
        assert [child.tag for child in root] == ["learner_emails"]
        assert [child.tag for child in root[0]] == ["_0"]
        assert root.findtext("learner_emails/_0/list-item") == NO_ADDRESS[0]


class TestRules:
    def test_the_first_that_applies_is_told(self, service: Service) -> None:
        """One obstacle after the other is taken away."""
        budget = open_budget(service, spend_limit=10_000, retired=True)
        budget.change_subsidy(expiration_datetime="2021-01-01T00:00:00Z")
        wish = budget.wish(*emails(11), price=1)

        def reason() -> str:
            return str(refusal(budget.ask(wish))["reason"])

        wish["content_key"] = "Unknown+Course"
        assert reason() == "policy_expired"
        budget.change(retired=False, active=False)
        assert reason() == "policy_expired"
        budget.change(active=True)
        assert reason() == "subsidy_expired"
        budget.change_subsidy(expiration_datetime="2090-01-01T00:00:00Z")
        assert reason() == "content_not_in_catalog"
        wish["content_key"] = budget.key(PRICED)
        assert reason() == "PriceValidationError"
        wish["content_price_cents"] = 10_000
        assert reason() == "not_enough_value_in_subsidy"
        budget.deposit(10_000)
        assert reason() == "policy_spend_limit_reached"
        assert budget.assignments()["count"] == 0
        budget.change(spend_limit=110_000)
        assert budget.ask(wish).status_code == 202
        assert budget.figures == (0, 110_000, 0)

    @pytest.mark.parametrize("kind", [PER_LEARNER_SPEND, PER_LEARNER_ENROLLMENT])
    def test_only_assigned_budgets_assign_whatever_else_is_wrong(
        self, service: Service, kind: str
    ) -> None:
        budget = open_budget(service, policy_type=kind, retired=True)
        wish = budget.wish(ANA, content="Unknown")
        assert refusal(budget.ask(wish))["reason"] == "policy_not_assignable"

    def test_a_subsidy_that_is_not_active_yet(self, budget: BudgetShop) -> None:
        budget.change_subsidy(active_datetime="2080-01-01T00:00:00Z")
        assert refusal(budget.ask(budget.wish(ANA)))["reason"] == "subsidy_expired"

    def test_the_body_of_a_refusal(self, budget: BudgetShop) -> None:
        response = budget.ask(budget.wish(ANA, price=100_001))
        assert response.status_code == 422
        assert response.json() == [
            {
                "reason": "not_enough_value_in_subsidy",
                "user_message": "Not enough learner credit is left for this.",
                "policy_uuids": [str(budget.uuid)],
            }
        ]
        assert list(response.json()[0]) == ["reason", "user_message", "policy_uuids"]

    def test_a_refusal_in_xml(self, budget: BudgetShop) -> None:
        response = budget.ask(budget.wish(ANA, price=100_001), Accept="application/xml")
        assert response.status_code == 422
        (entry,) = xml_of(response)
        assert entry.tag == "list-item"
        assert [child.tag for child in entry] == ["reason", "user_message", "policy_uuids"]
        assert entry.findtext("policy_uuids/list-item") == str(budget.uuid)

    @pytest.mark.parametrize("price", [0, 9_499, 10_501, 2**63 - 1])
    def test_a_price_too_far_off_comes_with_what_was_expected(
        self, budget: BudgetShop, price: int
    ) -> None:
        response = budget.ask(budget.wish(ANA, content=PRICED, price=price))
        (entry,) = response.json()
        assert list(entry) == ["reason", "user_message", "policy_uuids", "metadata"]
        assert refusal(response) == {
            "reason": "PriceValidationError",
            "policy_uuids": [str(budget.uuid)],
            "metadata": {
                "expected_price_cents": 10_000,
                "minimum_price_cents": 9_500,
                "maximum_price_cents": 10_500,
            },
        }
        assert list(entry["metadata"]) == [
            "expected_price_cents",
            "minimum_price_cents",
            "maximum_price_cents",
        ]

    def test_the_largest_price_there_is_for_many_learners(self, budget: BudgetShop) -> None:
        wish = budget.wish(*emails(500), price=2**63 - 1)
        assert refusal(budget.ask(wish))["reason"] == "not_enough_value_in_subsidy"

    def test_a_program_is_never_assigned(self, budget: BudgetShop) -> None:
        uuid = str(uuid4())
        program = PROGRAM | {"uuid": uuid, "hidden": False}
        budget.shop.stock(program)
        budget.shop.change(
            content_filter={"enterprise_force_include_aggregation_keys": [f"program:{uuid}"]}
        )
        for key in (uuid, f"program:{uuid}"):
            wish = budget.wish(ANA) | {"content_key": key}
            assert refusal(budget.ask(wish))["reason"] == "content_not_in_catalog"

    def test_a_course_of_another_catalog(self, service: Service, budget: BudgetShop) -> None:
        other = open_budget(service)
        wish = budget.wish(ANA) | {"content_key": other.key(COURSE)}
        assert refusal(budget.ask(wish))["reason"] == "content_not_in_catalog"

    def test_one_learner_too_many_and_nobody_is_assigned(self, budget: BudgetShop) -> None:
        kept = budget.assigned(*emails(5))
        response = budget.ask(budget.wish(*emails(11)))
        assert refusal(response)["reason"] == "not_enough_value_in_subsidy"
        assert set(budget.states) == set(kept)
        assert budget.figures == (0, 50_000, 50_000)
        assert len(budget.allocate(*emails(10))["created"]) == 5

    def test_what_one_budget_promised_another_of_the_same_subsidy_cannot(
        self, budget: BudgetShop
    ) -> None:
        other = budget.sibling()
        budget.allocate(*emails(6))
        reason = "not_enough_value_in_subsidy"
        assert refusal(other.ask(other.wish(*emails(5))))["reason"] == reason
        assert len(other.allocate(*emails(4))["created"]) == 4
        assert (budget.figures, other.figures) == ((0, 60_000, 0), (0, 40_000, 0))
