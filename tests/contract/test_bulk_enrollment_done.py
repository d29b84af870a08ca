"""What comes of bulk enrollments, with a worker at work."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from testing.clients.api import JsonObject
from testing.databases.migrated import migrated_url
from testing.servers.cli import Cli
from testing.servers.processes import WorkerProcess
from testing.shops.bulk import (
    CLOSED,
    OPEN,
    PENDING,
    SUCCESS,
    BulkShop,
    open_bulk,
)
from testing.shops.plan import learners
from testing.shops.service import Service
from testing.waiting import wait_until

ANA, BEN, CAL = (f"{name}@example.org" for name in ("ana", "ben", "cal"))
HEADER = ["email address", "course key", "enrollment status", "notes"]
OTHER = "Other"


@dataclass(frozen=True)
class Working:
    """A service with a worker beside it, on a database of its own."""

    service: Service
    cli: Cli

    def mails(self, bulk: BulkShop) -> list[JsonObject]:
        lines = self.cli.ok("mail", "list", "--json", "--enterprise", str(bulk.shop.uuid))
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def working(
    dialect: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Working]:
    folder: Path = tmp_path_factory.mktemp("working")
    is_sqlite = dialect == "sqlite"
    url = migrated_url(folder, None if is_sqlite else request.getfixturevalue("postgres"))
    cli = Cli(folder, url)
    with ExitStack() as stack:
        stack.enter_context(WorkerProcess(folder, cli.environment))
        yield Working(Service.running(stack, url, folder, {}), cli)
    assert cli.ok("check") == ["everything holds"]


@pytest.fixture
def bulk(working: Working) -> BulkShop:
    """Ana has a license and an account, Ben a license, Cal neither."""
    bulk = open_bulk(working.service, OTHER)
    bulk.license_to(ANA, BEN)
    bulk.know(ANA)
    return bulk


def failed(notes: str) -> tuple[str, str]:
    return "failed", notes


def test_every_pair_has_its_outcome_in_the_order_of_the_request(bulk: BulkShop) -> None:
    foreign = open_bulk(bulk.shop.service).run_key(OPEN)
    keys = [bulk.run_key(OPEN), bulk.run_key(CLOSED), foreign, "nobody knows", bulk.shop.key(OPEN)]
    job = bulk.done({"emails": [CAL, ANA, BEN], "course_run_keys": keys})
    missing, unknown = failed("missing subscription"), failed("unknown course run")
    elsewhere, closed = failed("course run not in catalog"), failed("enrollment closed")
    assert list(bulk.outcomes(job).items()) == [
        *zip([(CAL, key) for key in keys], [missing] * 3 + [unknown] * 2, strict=True),
        *zip([(ANA, key) for key in keys], [SUCCESS, closed, elsewhere, unknown, unknown],
             strict=True),
        *zip([(BEN, key) for key in keys], [PENDING, closed, elsewhere, unknown, unknown],
             strict=True),
    ]  # fmt: skip
    status = bulk.status(job)
    numbers = [status[name] for name in ("total", "done", "succeeded", "pending", "failed")]
    assert numbers == [15, 15, 1, 1, 13]
    assert status["finished"] >= status["created"]
    assert [bulk.plan.license_of(email)["status"] for email in (ANA, BEN)] == [
        "activated",
        "assigned",
    ]


def test_a_pending_pair_is_enrolled_when_its_license_is_activated(bulk: BulkShop) -> None:
    job = bulk.done(bulk.wish([BEN], OPEN, CLOSED, OTHER))
    before = bulk.status(job)
    assert (before["succeeded"], before["pending"], before["failed"]) == (0, 2, 1)
    bulk.plan.activate(BEN)
    wait_until(lambda: bulk.status(job)["succeeded"] == 2)
    after = bulk.status(job)
    assert (after["state"], after["done"], after["pending"]) == ("done", 3, 0)
    assert after["finished"] == before["finished"]
    assert list(bulk.outcomes(job).values()) == [SUCCESS, failed("enrollment closed"), SUCCESS]


def test_who_was_enrolled_before_is_enrolled_again_without_harm(bulk: BulkShop) -> None:
    for _ in range(2):
        assert bulk.outcome(ANA, OPEN) == SUCCESS


def test_without_a_license_that_counts_there_is_no_subscription(working: Working) -> None:
    missing = failed("missing subscription")
    bulk = open_bulk(working.service)
    bulk.know(ANA)
    assert bulk.outcome(ANA, OPEN) == missing
    bulk.license_to(ANA)
    for change in (
        {"is_active": False},
        {"is_active": True, "start_date": "2080-01-01"},
        {"start_date": "2020-01-01", "expiration_date": "2021-01-01"},
    ):
        bulk.plan.change(**change)
        assert bulk.outcome(ANA, OPEN) == missing
    bulk.plan.change(expiration_date="2090-01-01")
    assert bulk.outcome(ANA, OPEN) == SUCCESS
    assert bulk.plan.revoke(ANA).status_code == 204
    assert bulk.outcome(ANA, OPEN) == missing


def test_of_several_plans_the_one_that_expires_last_pays(bulk: BulkShop) -> None:
    later = bulk.plan.sibling(expiration_date="2091-01-01")
    later.assign(ANA)
    assert bulk.outcome(ANA, OPEN) == SUCCESS
    assert later.license_of(ANA)["status"] == "activated"
    assert bulk.plan.license_of(ANA)["status"] == "assigned"


def test_pairs_of_a_large_job_come_in_pages_and_in_one_file(working: Working) -> None:
    bulk = open_bulk(working.service, OTHER, num_licenses=200)
    people = learners(150)
    bulk.license_to(*people)
    bulk.know(*people[:100])
    job = bulk.done(bulk.wish(people, OPEN, OTHER, CLOSED))
    status = bulk.status(job)
    assert (status["succeeded"], status["pending"], status["failed"]) == (200, 100, 150)
    pages = list(bulk.shop.api.pages(f"/enterprise/v1/bulk-license-enrollment/{job}/rows"))
    assert [len(page["results"]) for page in pages] == [100, 100, 100, 100, 50]
    rows = [list(row.values()) for page in pages for row in page["results"]]
    keys = [bulk.run_key(name) for name in (OPEN, OTHER, CLOSED)]
    assert [row[:2] for row in rows] == [[email, key] for email in people for key in keys]
    assert read(bulk.download(job).text) == [HEADER, *rows]


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_spreadsheet_that_opens_the_file_runs_no_formula(bulk: BulkShop) -> None:
    email = "=cmd|calc@example.org"
    keys = ['=HYPERLINK("http://evil","x")', "+1", "-1", "@SUM(A1)", 'a "b", c', "é"]
    job = bulk.done({"emails": [email], "course_run_keys": keys})
    assert [row["course_run_key"] for row in bulk.rows(job)] == keys
    header, *rows = read(bulk.download(job).text)
    assert header == HEADER
    assert [row[0] for row in rows] == [f"'{email}"] * len(keys)
    assert [row[1] for row in rows] == [*(f"'{key}" for key in keys[:4]), *keys[4:]]


def test_who_is_enrolled_is_told_on_request(working: Working, bulk: BulkShop) -> None:
    bulk.done(bulk.wish([ANA], OTHER))
    assert "license-enrolled" not in {mail["kind"] for mail in working.mails(bulk)}
    job = bulk.done(bulk.wish([ANA, BEN, CAL], OPEN, OTHER, CLOSED, notify=True))
    [mail] = [mail for mail in working.mails(bulk) if mail["kind"] == "license-enrolled"]
    assert (mail["recipient"], mail["subject"]) == (ANA, bulk.plan.license_of(ANA)["uuid"])
    bulk.plan.activate(BEN)
    wait_until(lambda: bulk.status(job)["pending"] == 0)
    told = [mail["recipient"] for mail in working.mails(bulk) if mail["kind"] == "license-enrolled"]
    assert sorted(told) == [ANA, BEN]
    text = "\n".join(working.cli.ok("mail", "show", mail["uuid"]))
    for name in (OPEN, OTHER):
        assert bulk.run_key(name) in text
    assert bulk.run_key(CLOSED) not in text
