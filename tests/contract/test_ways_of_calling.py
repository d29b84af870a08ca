"""Small programs that call as public clients do: docs/how-to/come-from-api-edx-org.md.

Each asks for a token as its library does, sends what its library sends by itself (`Accept: */*`, a
form declared for an empty body, `Bearer`), and calls the paths that it was written for. Only host
and credentials are Bursar's.
"""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from testing.shops.budget import PRICE, PRICED, BudgetShop, open_budget
from testing.shops.service import Service
from testing.worlds.contract import client, open_course

SECRET = "the secret of a way of calling"
FORM = "application/x-www-form-urlencoded"
ANA = "ana@example.org"


@dataclass(frozen=True)
class World:
    """An enterprise with a budget and a plan, and a client that gets JSON by default."""

    budget: BudgetShop
    plan: str

    @property
    def name(self) -> str:
        return f"{self.budget.shop.org}-ways"

    @property
    def enterprise(self) -> str:
        return str(self.budget.shop.uuid)

    @property
    def catalog(self) -> str:
        return str(self.budget.shop.catalog_uuid)

    @contextmanager
    def calling(
        self, token_path: str = "/oauth2/access_token", scheme: str = "JWT"
    ) -> Iterator[httpx.Client]:
        """As `requests` and httpx do it: no wish but `*/*`, and no redirect is followed."""
        url = self.budget.shop.service.url
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as http:
            assert http.headers["accept"] == "*/*"
            form = {
                "grant_type": "client_credentials",
                "client_id": self.name,
                "client_secret": SECRET,
                "token_type": "jwt",
            }
            answer = http.post(token_path, data=form)
            assert answer.status_code == 200, answer.text
            http.headers["authorization"] = f"{scheme} {answer.json()['access_token']}"
            yield http


@pytest.fixture(scope="module")
def world(service: Service) -> World:
    budget = open_budget(service)
    world = World(budget, str(uuid4()))
    shop = budget.shop
    shop.stock(open_course(shop.key("Other")))
    plan = {
        "uuid": world.plan,
        "title": "Plan",
        "start_date": "2020-01-01T00:00:00Z",
        "expiration_date": "2090-01-01T00:00:00Z",
        "enterprise_catalog_uuid": world.catalog,
        "num_licenses": 10,
    }
    ours = client(world.name, "admin", SECRET) | {"default_format": "json"}
    learner = {"email": ANA, "lms_user_id": 501}
    shop.declare(clients=[ours], subscription_plans=[plan], learners=[learner])
    return world


def walk(http: httpx.Client, path: str) -> Iterator[dict[str, Any]]:
    """Every row of every page, by `next`, which must stay on the prefix that was called."""
    prefix = path.partition("enterprise-catalogs")[0]
    following: str | None = path
    while following:
        answer = http.get(following)
        assert answer.headers["content-type"] == "application/json"
        page = answer.json()
        yield from page["results"]
        following = page["next"]
        assert following is None or prefix in following


@pytest.mark.parametrize(
    "path",
    [
        "/enterprise/v1/enterprise-catalogs/{}/?limit=1",
        "/enterprise/v2/enterprise-catalogs/{}?limit=1",
        "/api/v1/enterprise-catalogs/{}/get_content_metadata/?page_size=1",
    ],
)
def test_a_catalog_sync_tells_courses_from_runs(world: World, path: str) -> None:
    with world.calling() as http:
        rows = list(walk(http, path.format(world.catalog)))
    keys = {row["key"] for row in rows if row["content_type"] == "course"}
    assert {world.budget.key(PRICED), world.budget.shop.key("Other")} <= keys
    assert all(row["aggregation_key"] == f"course:{row['key']}" for row in rows)


def test_a_sync_of_changes_does_not_escape_its_plus(world: World) -> None:
    with world.calling(scheme="Bearer") as http:
        since = f"/enterprise/v1/enterprise-catalogs/{world.catalog}/"
        answer = http.get(f"{since}?updated_since=2020-01-01T00:00:00+00:00")
        assert answer.status_code == 200
        assert "removed" in answer.json()


def test_an_administrators_page_posts_nothing_as_a_form(world: World) -> None:
    with world.calling() as http:
        allocated = http.post(
            f"/api/v1/policy-allocation/{world.budget.uuid}/allocate/",
            json={
                "learner_emails": ["form@example.org"],
                "content_key": world.budget.key(PRICED),
                "content_price_cents": PRICE,
            },
        )
        assert allocated.status_code == 202, allocated.text
        assignments = (
            f"/api/v1/assignment-configurations/{world.budget.configuration_uuid}/admin/assignments"
        )
        for what in ("remind-all", "cancel-all"):
            done = http.post(
                f"{assignments}/{what}/?learner_email=form@example.org",
                headers={"content-type": FORM},
                content=b"",
            )
            assert done.status_code == 202, done.text
        found = http.get(f"{assignments}/?learner_email=form@example.org").json()["results"]
        assert [each["state"] for each in found] == ["cancelled"]


def test_a_client_of_the_license_service(world: World) -> None:
    with world.calling() as http:
        plans = http.get("/api/v1/subscriptions/").json()["results"]
        assert [each["uuid"] for each in plans] == [world.plan]
        licenses = f"/api/v1/subscriptions/{world.plan}/licenses"
        body = {"user_emails": [ANA, "ben@example.org"], "notify_users": False}
        assert http.post(f"{licenses}/assign/", json=body).status_code == 200
        found = http.get(f"{licenses}/?status=assigned&page_size=1000").json()
        assert found["count"] == 2
        revoked = http.post(
            f"{licenses}/bulk-revoke/?best_effort=true",
            json={"user_emails": ["ben@example.org", "nobody@example.org"]},
        )
        assert revoked.status_code == 207
        assert list(revoked.json()) == ["successful_revocations", "unsuccessful_revocations"]
        overview = http.get(f"{licenses}/overview/?status=assigned").json()
        assert overview == [{"status": "assigned", "count": 1}]


def test_a_client_of_the_access_service(world: World) -> None:
    with world.calling() as http:
        policies = http.get(
            f"/api/v1/subsidy-access-policies/?enterprise_customer_uuid={world.enterprise}"
        ).json()["results"]
        assert [each["uuid"] for each in policies] == [str(world.budget.uuid)]
        key = world.budget.key(PRICED)
        path = f"/api/v1/policy-redemption/enterprise-customer/{world.enterprise}/can-redeem/"
        asked = http.get(path, params={"content_key": key, "lms_user_id": 501})
        assert asked.status_code == 200, asked.text
        assert [each["content_key"] for each in asked.json()] == [key]


def test_a_client_of_the_catalog_service(world: World) -> None:
    with world.calling() as http:
        key = world.budget.shop.key("Other")
        for path in (
            f"/api/v1/enterprise-catalogs/{world.catalog}/contains_content_items/",
            f"/api/v1/enterprise-customer/{world.enterprise}/contains_content_items/",
        ):
            asked = http.get(path, params={"course_run_ids": key})
            assert asked.json()["contains_content_items"] is True
            other = http.get(path, params={"course_run_ids": "edX+None"})
            assert other.json()["contains_content_items"] is False


def test_an_enrollment_plugin(world: World) -> None:
    run = f"course-v1:{world.budget.shop.key('Other')}+1T2026"
    with world.calling() as http:
        enrolled = http.post(
            f"/enterprise/v1/enterprise-customer/{world.enterprise}/course-enrollments",
            json=[
                {"course_run_id": run, "course_mode": "audit", "lms_user_id": 501},
                {"course_run_id": run, "course_mode": "audit", "user_email": "new@example.org"},
                {"course_run_id": "unknown", "course_mode": "audit", "user_email": ANA},
            ],
        )
    assert enrolled.status_code == 200, enrolled.text
    first, second, third = enrolled.json()
    assert (first, second) == ({"detail": "success"}, {"detail": "pending"})
    assert list(third) == ["course_run_id"]


def test_a_reporting_job_reads_json_and_a_file(world: World) -> None:
    path = f"/enterprise/api/v1/enterprise/{world.enterprise}/enrollments"
    with world.calling("/oauth2/access_token/") as http:
        row = {"learner_email": ANA, "courserun_key": world.budget.run_key(PRICED)}
        told = http.put(
            f"/enterprise/v3/enterprise-customer/{world.enterprise}/learner-progress",
            json={"enrollments": [row]},
        )
        assert told.status_code == 200, told.text
        rows = http.get(f"{path}/?page_size=1000").json()["results"]
        file = http.get(f"{path}.csv")
        assert file.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff"))))
    assert [line["courserun_key"] for line in lines] == [each["courserun_key"] for each in rows]


def test_a_client_that_wants_nothing_gets_what_the_reference_promises(world: World) -> None:
    """Without a default of its own, `*/*` is XML, except on the services' paths."""
    shop = world.budget.shop
    shop.declare(clients=[client(f"{shop.org}-plain", "admin", SECRET)])
    headers = {"authorization": f"JWT {shop.service.token(f'{shop.org}-plain')}"}
    with httpx.Client(base_url=shop.service.url, headers=headers, trust_env=False) as http:
        assert "xml" in http.get("/enterprise/v1/enterprise-catalogs").headers["content-type"]
        assert http.get("/api/v1/subscriptions").headers["content-type"] == "application/json"
