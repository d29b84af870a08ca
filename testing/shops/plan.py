"""A subscription plan of a test's own: its shop, and the calls that change its licenses."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from testing.clients.api import JsonObject
from testing.shops.budget import accepting
from testing.shops.service import Service, Shop

PLANS = "/enterprise/v1/subscriptions"
SIZE = 10
BEGINNING, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)

Counts = tuple[int, int, int, int]


@dataclass(frozen=True)
class PlanShop:
    """Answers are in JSON, unless a call says otherwise."""

    shop: Shop
    uuid: UUID = field(default_factory=uuid4)

    @property
    def path(self) -> str:
        return f"{PLANS}/{self.uuid}/licenses"

    def post(self, what: str, body: Any, **headers: str) -> httpx.Response:
        return self.shop.api.post(f"{self.path}/{what}", json=body, headers=accepting(headers))

    def assign(self, *emails: str, **fields: Any) -> JsonObject:
        response = self.post("assign", {"user_emails": list(emails)} | fields)
        assert response.status_code == 200, response.text
        answer: JsonObject = response.json()
        return answer

    def revoke(self, *emails: str) -> httpx.Response:
        return self.post("bulk-revoke", {"user_emails": list(emails)})

    def revoke_matching(self, *filters: Any) -> httpx.Response:
        return self.post("bulk-revoke", {"filters": list(filters)})

    def activate(self, *emails: str) -> None:
        for email in emails:
            response = self.post(f"{self.license_of(email)['uuid']}/activate", None)
            assert response.status_code == 200, response.text

    def licenses(self, **parameters: Any) -> list[JsonObject]:
        pages = self.shop.api.pages(self.path, params=parameters)
        return [item for page in pages for item in page["results"]]

    def license_of(self, email: str) -> JsonObject:
        """The one that is not revoked."""
        (found,) = (
            item
            for item in self.licenses(status="assigned,activated")
            if item["user_email"] == email
        )
        return found

    def holders(self, status: str) -> list[str]:
        return [item["user_email"] for item in self.licenses(status=status)]

    def plans(self, **parameters: Any) -> JsonObject:
        return self.shop.api.json(PLANS, params=parameters)

    @property
    def item(self) -> JsonObject:
        items = self.plans()["results"]
        return next(item for item in items if item["uuid"] == str(self.uuid))

    @property
    def counts(self) -> Counts:
        """Unassigned, assigned, activated, revoked; as the list of licenses has them too."""
        found = self.item["licenses"]
        names = ("unassigned", "assigned", "activated", "revoked")
        for name in names:
            assert len(self.licenses(status=name)) == found[name]
        assert found["total"] == sum(found[name] for name in names[:3])
        assert found["allocated"] == found["assigned"] + found["activated"]
        unassigned, assigned, activated, revoked = (found[name] for name in names)
        return unassigned, assigned, activated, revoked

    def change(self, **fields: Any) -> None:
        self.shop.declare(subscription_plans=[{"uuid": str(self.uuid), **fields}])

    def sibling(self, **fields: Any) -> "PlanShop":
        """Another plan of the same enterprise."""
        other = PlanShop(self.shop)
        other.declare(**fields)
        return other

    def declare(self, **fields: Any) -> None:
        standard = {
            "title": "Plan",
            "start_date": BEGINNING.isoformat(),
            "expiration_date": END.isoformat(),
            "enterprise_catalog_uuid": str(self.shop.catalog_uuid),
            "num_licenses": SIZE,
        }
        self.change(**standard | fields)


def open_plan(service: Service, **fields: Any) -> PlanShop:
    """Current, with ten licenses, unless told otherwise."""
    plan = PlanShop(service.open_shop())
    plan.declare(**fields)
    return plan


def learners(number: int, first: int = 0) -> list[str]:
    """Their order is that of the alphabet."""
    return [f"learner-{index:05d}@example.org" for index in range(first, first + number)]
