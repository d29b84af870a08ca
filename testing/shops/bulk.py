"""A subscription plan of a test's own, with content, and the calls that enroll in bulk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from testing.clients.api import JsonObject
from testing.shops.budget import accepting
from testing.shops.plan import PlanShop, open_plan
from testing.shops.service import Service, Shop
from testing.waiting import wait_until
from testing.worlds.contract import course, run

BULK = "/enterprise/v1/bulk-license-enrollment"
OPEN, CLOSED = "Open", "Closed"
"""A course with an open run, and one whose run is closed."""
SUCCESS = ("success", "")
PENDING = ("pending", "pending license activation")

Outcome = tuple[str, str]


@dataclass(frozen=True)
class BulkShop:
    """Answers are in JSON, unless a call says otherwise."""

    plan: PlanShop

    @property
    def shop(self) -> Shop:
        return self.plan.shop

    def run_key(self, name: str) -> str:
        return f"course-v1:{self.shop.key(name)}+1"

    def wish(self, emails: Sequence[str], *runs: str, **fields: Any) -> JsonObject:
        """Of runs by their courses' names."""
        keys = [self.run_key(name) for name in runs]
        return {"emails": list(emails), "course_run_keys": keys} | fields

    def ask(self, body: Any, enterprise: object = None, **headers: str) -> httpx.Response:
        """For the enterprise of the shop, unless another is named."""
        parameters = {"enterprise_customer_uuid": str(enterprise or self.shop.uuid)}
        return self.shop.api.post(BULK, json=body, params=parameters, headers=accepting(headers))

    def start(self, body: Any) -> str:
        """The job's id."""
        response = self.ask(body)
        assert response.status_code == 201, response.text
        return str(response.json()["job_id"])

    def status(self, job: str) -> JsonObject:
        return self.shop.api.json(f"{BULK}/{job}")

    def done(self, body: Any) -> str:
        """A job that a worker has done."""
        job = self.start(body)
        self.await_end(job)
        return job

    def await_end(self, job: str) -> None:
        wait_until(lambda: self.status(job)["state"] == "done")

    def rows(self, job: str) -> list[JsonObject]:
        pages = self.shop.api.pages(f"{BULK}/{job}/rows")
        return [row for page in pages for row in page["results"]]

    def outcomes(self, job: str) -> dict[tuple[str, str], Outcome]:
        rows = self.rows(job)
        found = {
            (row["email"], row["course_run_key"]): (row["status"], row["notes"]) for row in rows
        }
        assert len(found) == len(rows)
        return found

    def outcome(self, email: str, name: str) -> Outcome:
        """Of a job of one pair."""
        (found,) = self.outcomes(self.done(self.wish([email], name))).values()
        return found

    def download(self, job: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.shop.api.get(f"{BULK}/{job}/download", headers=named)

    def know(self, *emails: str) -> None:
        """Accounts in the LMS."""
        known = [
            {"email": email, "lms_user_id": number, "username": email.partition("@")[0]}
            for number, email in enumerate(emails, 1_000)
        ]
        self.shop.declare(learners=known)

    def license_to(self, *emails: str) -> None:
        assert self.plan.assign(*emails)["num_successful_assignments"] == len(emails)


def open_bulk(service: Service, *more: str, **fields: Any) -> BulkShop:
    """With ten licenses, unless told otherwise, and `more` courses that are open."""
    bulk = BulkShop(open_plan(service, **fields))
    bulk.shop.stock(
        *(_course(bulk.shop, name) for name in (OPEN, *more)),
        _course(bulk.shop, CLOSED, is_enrollable=False),
    )
    return bulk


def _course(shop: Shop, name: str, **fields: Any) -> JsonObject:
    return course(shop.key(name), run(f"course-v1:{shop.key(name)}+1", **fields))
