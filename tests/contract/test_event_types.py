"""Every public type of event is made to happen through the API, a manifest or a scheduled task, and
is in the log as the OpenAPI document describes it."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from jsonschema import Draft202012Validator

from bursar import clock
from bursar.actors import Actor
from bursar.enrollment.gateway import EmbeddedGateway
from bursar.events.vocabulary import PUBLIC_TYPES
from bursar.identity.service import (
    CreateClient,
    create_client,
    disable_client,
    enable_client,
    rotate_secret,
)
from bursar.settings import Settings
from bursar.work import tasks_of
from testing.clients.api import JsonObject
from testing.clients.openapi import closed, formats
from testing.databases.plugin import fresh_url
from testing.servers.cli import Cli
from testing.servers.processes import WorkerProcess
from testing.shops.budget import CLOSED, COURSE, BudgetShop, open_budget, redeemed
from testing.shops.bulk import OPEN, BulkShop, open_bulk
from testing.shops.service import Service, Shop
from testing.waiting import wait_until
from testing.worlds.contract import client, open_course

ELSEWHERE = {
    # It needs a mail server that refuses.
    "assignment.notification_failed": "tests/credit/assignments/test_events.py",
}
OF_WEBHOOKS = {"endpoint.disabled", "ping"}
"""Made to happen where endpoints are tested."""
ANA, BEN, CAL, DAN, EVE = (f"{name}@example.org" for name in ("ana", "ben", "cal", "dan", "eve"))
"""Only Ana has consented."""
ACTOR = Actor("operator:test")
NEXT_PLAN = uuid4()


@dataclass(frozen=True)
class Happened:
    service: Service
    events: Sequence[JsonObject]
    """The log of each enterprise, as its clients read it."""
    shown: Mapping[str, JsonObject]
    """By type of event: what the endpoint of its object answered afterwards."""

    @cached_property
    def by_type(self) -> Mapping[str, list[JsonObject]]:
        found: defaultdict[str, list[JsonObject]] = defaultdict(list)
        for event in self.events:
            found[event["type"]].append(event)
        return found

    @cached_property
    def document(self) -> JsonObject:
        document: JsonObject = self.service.anonymous.get("/openapi.json").json()
        return document


@pytest.fixture(scope="module")
def happened(
    dialect: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Happened]:
    """A service with a worker beside it, on a database of its own, in which all of it happened."""
    folder: Path = tmp_path_factory.mktemp("happened")
    url = fresh_url(dialect, folder, request)
    with ExitStack() as stack:
        stack.enter_context(WorkerProcess(folder, Cli(folder, url).environment))
        service = Service.running(stack, url, folder, {})
        budget, bulk = open_budget(service, spend_limit=100_000), open_bulk(service)
        content(budget.shop)
        people(budget.shop)
        group(budget.shop)
        leaving(budget.shop)
        shown = {**credit(budget), **subscriptions(bulk), **enrollments(bulk)}
        clients(bulk)
        the_clock(service)
        yield Happened(service, [*budget.shop.events(), *bulk.shop.events()], shown)


def content(shop: Shop) -> None:
    shop.stock(open_course(shop.key("New")))
    shop.delete("New")


def people(shop: Shop) -> None:
    shop.declare(learners=[{"email": ANA, "lms_user_id": 501}, {"email": CAL, "username": "cal"}])
    shop.declare(learners=[{"email": ANA, "country": "ES", "consent": True}])
    path = f"/enterprise/v1/enterprise-customer/{shop.uuid}/learner-data/erase"
    assert shop.api.post(path, json={"email": CAL}).status_code == 200


def group(shop: Shop) -> None:
    path = "/enterprise/v1/groups"
    asked = f"{path}?enterprise_customer_uuid={shop.uuid}"
    made = shop.api.post(asked, json={"name": "Data team"}).json()["uuid"]
    assert shop.api.post(f"{path}/{made}/members", json={"add": [ANA]}).status_code == 200
    assert shop.api.request("DELETE", f"{path}/{made}").status_code == 204


def leaving(shop: Shop) -> None:
    """As an identity provider tells of it."""
    client_id = f"{shop.org}-idp"
    with shop.service.database.transaction() as session:
        command = CreateClient(
            client_id=client_id, enterprise_uuid=shop.uuid, role="scim", has_token=True
        )
        token = create_client(session, ACTOR, command)
    headers = {"Authorization": f"Bearer {token}"}
    users = f"{shop.service.url}/scim/v2/Users"
    user = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": EVE}
    made = httpx.post(users, json=user, headers=headers, timeout=60).json()
    for active in (False, True):
        body = {**user, "active": active}
        answer = httpx.put(f"{users}/{made['id']}", json=body, headers=headers, timeout=60)
        assert answer.json()["active"] is active


def credit(budget: BudgetShop) -> dict[str, JsonObject]:
    budget.change(description="Another")
    budget.change_subsidy(title="Another")
    budget.deposit(5_000)
    entry = {"uuid": str(uuid4()), "amount": -100, "date": "2026-02-02", "reason": "Twice."}
    budget.change_subsidy(adjustments=[entry])
    kept, cancelled = budget.assigned(ANA, BEN, price=100)
    budget.assigned(BEN, content=CLOSED, price=100)
    wait_until(lambda: budget.assignment(kept)["learner_state"] == "waiting")
    assert budget.act("remind", [kept]).status_code == 200
    assert budget.act("cancel", [cancelled]).status_code == 200
    shown = {"assignment.cancelled": budget.assignment(cancelled)}
    good = redeemed(budget, COURSE, learner_email=ANA)["uuid"]
    bad = redeemed(budget, CLOSED, learner_email=BEN)["uuid"]
    for uuid in (good, bad):
        wait_until(lambda uuid=uuid: budget.transaction(uuid)["state"] != "created")  # type: ignore[misc]
    shown["transaction.committed"] = budget.transaction(good)
    shown["transaction.failed"] = budget.transaction(bad)
    shown["assignment.accepted"] = budget.assignment(kept)
    assert budget.reverse(good).status_code == 200
    budget.assigned(DAN, price=90_000)
    (policy,) = budget.policies()["results"]
    budget.sibling(retired=True)
    retired = budget.sibling()
    retired.change(retired=True)
    return {**shown, "policy.threshold_reached": {**policy, "threshold_percent": 90}}


def subscriptions(bulk: BulkShop) -> dict[str, JsonObject]:
    plan = bulk.plan
    plan.change(title="Another")
    bulk.license_to(ANA, BEN, *(f"learner{number}@example.org" for number in range(8)))
    shown = {"plan.seats_low": plan.item}
    assert plan.post("remind", {"user_emails": [BEN]}).status_code < 300
    plan.activate(ANA)
    shown["license.activated"] = plan.license_of(ANA)
    bulk.know(ANA)
    assert plan.revoke(BEN).status_code == 204
    follows = {
        "uuid": str(NEXT_PLAN),
        "title": "Next",
        "effective_date": (clock.now() + timedelta(days=10)).isoformat(),
        "renewed_expiration_date": "2091-01-01T00:00:00Z",
        "number_of_licenses": 100,
    }
    plan.change(renewals=[follows])
    return shown


def enrollments(bulk: BulkShop) -> dict[str, JsonObject]:
    shop, run = bulk.shop, bulk.run_key(OPEN)
    shop.declare(learners=[{"email": ANA, "consent": True}])
    job = bulk.done(bulk.wish([ANA], OPEN))
    shown = {"job.finished": {k: v for k, v in bulk.status(job).items() if k != "download_url"}}
    ended = (clock.now() - timedelta(days=2)).date().isoformat()
    report(shop, {"learner_email": ANA, "courserun_key": run, "current_grade": 0.5})
    report(shop, {"learner_email": BEN, "courserun_key": run, "current_grade": 0.5})
    report(shop, {"learner_email": ANA, "courserun_key": "failed", "course_end": ended})
    run_task(shop.service, "tell-failed-enrollments")
    report(shop, {"learner_email": ANA, "courserun_key": run, "has_passed": True})
    passed = next(row for row in summaries(shop) if row["has_passed"])
    # Only the request knows the host where the installation has no public URL.
    link = passed["course_api_url"].removeprefix(shop.service.url)
    shown["enrollment.passed"] = passed | {"course_api_url": link}
    report(shop, {"learner_email": ANA, "courserun_key": "failed", "unenrollment_date": ended})
    return shown


def report(shop: Shop, row: JsonObject) -> None:
    path = f"/enterprise/v3/enterprise-customer/{shop.uuid}/learner-progress"
    assert shop.api.request("PUT", path, json={"enrollments": [row]}).status_code == 200


def summaries(shop: Shop) -> list[JsonObject]:
    path = f"/enterprise/v3/enterprise-customer/{shop.uuid}/learner-summary"
    rows: list[JsonObject] = shop.api.json(path)["results"]
    return rows


def clients(bulk: BulkShop) -> None:
    name = f"{bulk.shop.org}-other"
    for fields in (
        client(name, "reporting", "the first secret of all"),
        client(name, "admin", "the first secret of all"),
        client(name, "admin", "another secret of theirs"),
        client(name, "admin", "another secret of theirs") | {"default_format": "json"},
    ):
        bulk.shop.declare(clients=[fields])
    with bulk.shop.service.database.transaction() as session:
        rotate_secret(session, ACTOR, name)
        disable_client(session, ACTOR, name)
        enable_client(session, ACTOR, name)


def the_clock(service: Service) -> None:
    """What happens by itself as time passes."""
    later = clock.now() + timedelta(days=11)
    run_task(service, "process-renewals", later)
    end = datetime(2090, 1, 1, tzinfo=UTC)
    run_task(service, "tell-expiring-assignments", clock.now() + timedelta(days=80))
    run_task(service, "expire-assignments", clock.now() + timedelta(days=91))
    run_task(service, "tell-expiring-subsidies", end - timedelta(days=30))
    run_task(service, "tell-expiring-subsidies", end)
    run_task(service, "tell-expiring-plans", datetime(2090, 12, 31, tzinfo=UTC))
    run_task(service, "expire-plans", datetime(2091, 1, 1, tzinfo=UTC))


def run_task(service: Service, name: str, at: datetime | None = None) -> None:
    with clock.frozen_at(at or clock.now()):
        tasks_of(EmbeddedGateway())[name].function(service.database, Settings())


@pytest.mark.parametrize(
    "name", [name for name in PUBLIC_TYPES if name not in {*ELSEWHERE, *OF_WEBHOOKS}]
)
def test_it_happens_and_is_as_the_document_says(happened: Happened, name: str) -> None:
    events = happened.by_type[name]
    assert events, f"nobody has published {name}"
    request = happened.document["webhooks"][name]["post"]["requestBody"]
    schema = request["content"]["application/json"]["schema"]
    components = closed(happened.document["components"])
    validator = Draft202012Validator({**schema, "components": components}, format_checker=formats)
    for event in events:
        problems = [
            f"{each.json_path}: {each.message[:200]}" for each in validator.iter_errors(event)
        ]
        assert not problems, (name, problems[:5])


def test_data_are_what_the_endpoint_answers(happened: Happened) -> None:
    assert len(happened.shown) == 9
    for name, shown in happened.shown.items():
        told = [event["data"] for event in happened.by_type[name]]
        assert shown in told, (name, told)


def test_versions_of_an_object_grow_by_one(happened: Happened) -> None:
    versions: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for event in happened.events:
        versions[event["object"]["type"], event["object"]["uuid"]].append(
            event["object"]["version"]
        )
    assert versions == {key: list(range(1, len(found) + 1)) for key, found in versions.items()}


def test_without_consent_nothing_of_the_person_is_told(happened: Happened) -> None:
    private = [
        event
        for event in happened.events
        if event["object"]["type"] in {"enrollment", "learner"}
        and ANA not in json.dumps(event["data"])
    ]
    assert len(private) > 5
    for address in (BEN, CAL, DAN):
        assert address not in json.dumps(private)
    assert {event["type"] for event in private if event["object"]["type"] == "enrollment"} == {
        "enrollment.created"
    }


def test_no_secret_is_told(happened: Happened) -> None:
    told = json.dumps([event for event in happened.events if event["type"].startswith("client.")])
    assert "secret of" not in told
    assert "hash" not in told


def test_each_belongs_to_an_enterprise(happened: Happened) -> None:
    assert all(UUID(event["enterprise_customer_uuid"]) for event in happened.events)


def test_it_is_said_who_did_it_and_with_which_request(happened: Happened) -> None:
    (committed, *_) = happened.by_type["transaction.created"]
    assert committed["actor"]["kind"] == "client"
    assert committed["actor"]["id"].endswith("-client")
    assert committed["request_id"]
    (expired, *_) = happened.by_type["subsidy.expired"]
    assert expired["actor"] == {"kind": "task", "id": "task:tell-expiring-subsidies"}


def test_what_other_systems_call_it(happened: Happened) -> None:
    (created, *_) = happened.by_type["transaction.created"]
    expected = "org.openedx.enterprise.subsidy_ledger_transaction.created.v1"
    assert created["also_known_as"] == expected


def test_what_happens_elsewhere_is_tested_there() -> None:
    for name, file in ELSEWHERE.items():
        assert name in (Path(__file__).parents[2] / file).read_text()
