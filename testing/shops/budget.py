"""A budget of a test's own: its shop, what it may spend, and the calls that spend it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from bursar.credit.policy_types import ASSIGNED
from testing.clients.api import JsonObject
from testing.shops.service import Service, Shop
from testing.worlds.contract import Document, course, run

POLICIES = "/enterprise/v1/subsidy-access-policies/"
PRICE = 10_000
COURSE, PRICED, CLOSED = "Any", "Priced", "Closed"
"""A course that can be allocated at any price, one that costs PRICE, one without an open run."""

Figures = tuple[int, int, int]


@dataclass(frozen=True)
class BudgetShop:
    """Answers are in JSON, unless a call says otherwise."""

    shop: Shop
    subsidy_uuid: UUID
    uuid: UUID
    configuration_uuid: UUID

    @property
    def allocation_path(self) -> str:
        return f"/enterprise/v1/policy-allocation/{self.uuid}/allocate/"

    @property
    def assignments_path(self) -> str:
        return (
            f"/enterprise/v1/assignment-configurations/{self.configuration_uuid}/admin/assignments/"
        )

    @property
    def redemption_path(self) -> str:
        return f"/enterprise/v1/policy-redemption/{self.uuid}/"

    def key(self, name: str) -> str:
        return self.shop.key(name)

    def run_key(self, name: str) -> str:
        return f"course-v1:{self.key(name)}+1"

    def wish(self, *emails: str, content: str = COURSE, price: Any = PRICE) -> JsonObject:
        return {
            "learner_emails": list(emails),
            "content_key": self.key(content),
            "content_price_cents": price,
        }

    def ask(self, body: Any, **headers: str) -> httpx.Response:
        """An allocation with any body."""
        return self.shop.api.post(self.allocation_path, json=body, headers=accepting(headers))

    def allocate(self, *emails: str, content: str = COURSE, price: Any = PRICE) -> JsonObject:
        response = self.ask(self.wish(*emails, content=content, price=price))
        assert response.status_code == 202, response.text
        answer: JsonObject = response.json()
        return answer

    def assigned(self, *emails: str, content: str = COURSE, price: int = PRICE) -> list[str]:
        """The uuids of new assignments."""
        answer = self.allocate(*emails, content=content, price=price)
        return [item["uuid"] for item in answer["created"]]

    def assignments(self, **parameters: Any) -> JsonObject:
        return self.shop.api.json(self.assignments_path, params=parameters)

    def assignment(self, uuid: str) -> JsonObject:
        items = self.assignments(page_size=500)["results"]
        return next(item for item in items if item["uuid"] == uuid)

    @property
    def states(self) -> dict[str, str]:
        items = self.assignments(page_size=500)["results"]
        return {item["uuid"]: item["state"] for item in items}

    def act(self, what: str, uuids: Any, **headers: str) -> httpx.Response:
        """`remind` or `cancel` of these assignments."""
        return self.act_on(what, {"assignment_uuids": uuids}, **headers)

    def act_on(self, what: str, body: Any, **headers: str) -> httpx.Response:
        url = f"{self.assignments_path}{what}/"
        return self.shop.api.post(url, json=body, headers=accepting(headers))

    def act_on_all(self, what: str, **parameters: Any) -> httpx.Response:
        url = f"{self.assignments_path}{what}-all/"
        return self.shop.api.post(url, params=parameters, headers=accepting({}))

    def policies(self, **parameters: Any) -> JsonObject:
        named = {"enterprise_customer_uuid": str(self.shop.uuid)} | parameters
        return self.shop.api.json(POLICIES, params=named)

    @property
    def aggregates(self) -> JsonObject:
        items = self.policies(page_size=100)["results"]
        found: JsonObject = next(item for item in items if item["uuid"] == str(self.uuid))
        return found["aggregates"]  # type: ignore[no-any-return]

    @property
    def figures(self) -> Figures:
        """Redeemed, allocated and available, in cents."""
        found = self.aggregates
        return (
            found["amount_redeemed_usd_cents"],
            found["amount_allocated_usd_cents"],
            found["spend_available_usd_cents"],
        )

    def redeem(self, content: str = COURSE, **learner: Any) -> httpx.Response:
        return self.redeem_with({"content_key": self.key(content)} | learner)

    def redeem_with(self, body: Any, **headers: str) -> httpx.Response:
        url = f"{self.redemption_path}redeem/"
        return self.shop.api.post(url, json=body, headers=accepting(headers))

    def transaction(self, uuid: str) -> JsonObject:
        return self.shop.api.json(f"{self.redemption_path}transactions/{uuid}/")

    def reverse(self, uuid: str) -> httpx.Response:
        url = f"{self.redemption_path}transactions/{uuid}/reverse/"
        return self.shop.api.post(url, headers=accepting({}))

    def change(self, **fields: Any) -> None:
        """Declares the policy with other fields."""
        self.shop.declare(policies=[{"uuid": str(self.uuid), **fields}])

    def change_subsidy(self, **fields: Any) -> None:
        self.shop.declare(subsidies=[{"uuid": str(self.subsidy_uuid), **fields}])

    def deposit(self, cents: int) -> None:
        entry = {"uuid": str(uuid4()), "amount": cents, "date": "2026-01-01T00:00:00Z"}
        self.change_subsidy(deposits=[entry])

    def sibling(self, **fields: Any) -> "BudgetShop":
        """Another policy of the same subsidy."""
        other = BudgetShop(self.shop, self.subsidy_uuid, uuid4(), uuid4())
        self.shop.declare(policies=[_policy(other, fields)])
        return other

    def know(self, **learners: int) -> None:
        """Accounts, by the part of the address before @example.org."""
        known = [
            {"email": f"{name}@example.org", "lms_user_id": number}
            for name, number in learners.items()
        ]
        self.shop.declare(learners=known)


def redeemed(budget: BudgetShop, content: str = COURSE, **learner: Any) -> JsonObject:
    response = budget.redeem(content, **learner)
    assert response.status_code == 200, response.text
    answer: JsonObject = response.json()
    return answer


def reason_against(budget: BudgetShop, content: str = COURSE, **learner: Any) -> str:
    """Why it cannot be redeemed."""
    response = budget.redeem(content, **learner)
    assert response.status_code == 422, response.text
    (entry,) = response.json()
    told = ["metadata"] if entry["reason"] == "already_enrolled" else []
    assert list(entry) == ["reason", "user_message", "policy_uuids", *told]
    assert entry["policy_uuids"] == [str(budget.uuid)]
    return str(entry["reason"])


def accepting(headers: dict[str, str]) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"Accept": "application/json"} | named


def open_budget(service: Service, *, deposit: int = 100_000, **fields: Any) -> BudgetShop:
    """`fields` are the policy's."""
    return furnished_budget(service.open_shop(), deposit=deposit, **fields)


def furnished_budget(shop: Shop, *, deposit: int = 100_000, **fields: Any) -> BudgetShop:
    shop.stock(*_courses(shop))
    budget = BudgetShop(shop, uuid4(), uuid4(), uuid4())
    subsidy = {
        "uuid": str(budget.subsidy_uuid),
        "title": "Credit",
        "starting_balance": deposit,
        "active_datetime": "2020-01-01T00:00:00Z",
        "expiration_datetime": "2090-01-01T00:00:00Z",
    }
    shop.declare(subsidies=[subsidy], policies=[_policy(budget, fields)])
    return budget


def _policy(budget: BudgetShop, fields: Document) -> Document:
    policy = {
        "uuid": str(budget.uuid),
        "policy_type": ASSIGNED,
        "display_name": "Budget",
        "catalog_uuid": str(budget.shop.catalog_uuid),
        "subsidy_uuid": str(budget.subsidy_uuid),
        "allow_unknown_price": True,
        **fields,
    }
    if policy["policy_type"] == ASSIGNED:
        policy["assignment_configuration"] = {"uuid": str(budget.configuration_uuid)}
    return policy


def _courses(shop: Shop) -> Sequence[Document]:
    def only(name: str, **fields: Any) -> Document:
        one = run(f"course-v1:{shop.key(name)}+1", **fields)
        return course(shop.key(name), one, advertised_course_run_uuid=one["uuid"])

    return [
        only(COURSE),
        only(PRICED, first_enrollable_paid_seat_price=PRICE / 100),
        only(CLOSED, is_enrollable=False),
    ]


def emails(number: int, first: int = 0) -> list[str]:
    return [f"learner-{index}@example.org" for index in range(first, first + number)]
