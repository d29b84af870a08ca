"""Compares what was acknowledged with what is stored, when all work is done."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx

from proof.client import Client
from proof.installation import Installation
from proof.journal import Journal, differences
from proof.stories import ASSIGNMENTS, BULK, LICENSES, REDEMPTION, SUMMARY
from proof.world import STUDENTS
from testing.waiting import WaitedInVain, wait_until

QUIET_SECONDS: Final = 180.0
MOST_SHOWN: Final = 20
_SETTLED: Final = frozenset({"delivered", "dropped", "failed"})


def problems(installation: Installation, client: Client, journal: Journal) -> list[str]:
    """The differences; empty when every acknowledged write was done exactly once."""
    return [
        *_await_quiet(installation, client, journal),
        *_assignments(client, journal),
        *_licenses(client, journal),
        *_jobs(client, journal),
        *_progress(client, journal),
        *_mails(installation, journal),
        *_seats_in_the_lms(installation),
        *_check(installation),
    ]


def _await_quiet(installation: Installation, client: Client, journal: Journal) -> Iterator[str]:
    waits: dict[str, Callable[[], bool]] = {
        "a transaction is not settled": lambda: all(
            _transaction(client, uuid)["state"] != "created" for uuid in journal.transactions
        ),
        "a job is not done": lambda: all(
            client.get(f"{BULK}/{job}").json()["state"] == "done" for job in journal.jobs
        ),
        "a mail waits": lambda: all(
            mail["status"] in _SETTLED for mail in _all_mails(installation)
        ),
    }
    deadline = time.monotonic() + QUIET_SECONDS
    for what, is_quiet in waits.items():
        try:
            wait_until(is_quiet, seconds=deadline - time.monotonic())
        except WaitedInVain:
            yield f"{what} after {QUIET_SECONDS:.0f} seconds"


def _pages(client: Client, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    number: int | None = 1
    while number is not None:
        page = client.get(path, **query, page=number).json()
        yield from page["results"]
        number = number + 1 if page["next"] else None


def _transaction(client: Client, uuid: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{REDEMPTION}/transactions/{uuid}/").json()
    return found


def _assignments(client: Client, journal: Journal) -> list[str]:
    items = _pages(client, ASSIGNMENTS, page_size=500, ordering="content_quantity")
    found = [(item["learner_email"], (item["uuid"], item["state"])) for item in items]
    settled = [(uuid, _transaction(client, uuid)["state"]) for uuid in journal.transactions]
    return [
        *differences("assignment of", journal.assignments, found),
        *differences("transaction", journal.transactions, settled),
    ]


def _licenses(client: Client, journal: Journal) -> list[str]:
    found = [
        (item["user_email"], (item["uuid"], item["status"]))
        for item in _pages(client, LICENSES, status="assigned,activated,revoked", page_size=1000)
        if item["user_email"] not in STUDENTS
    ]
    return differences("license of", journal.licenses, found)


def _jobs(client: Client, journal: Journal) -> Iterator[str]:
    for job, pairs in journal.jobs.items():
        rows = _pages(client, f"{BULK}/{job}/rows")
        found = [((row["email"], row["course_run_key"]), row["status"]) for row in rows]
        yield from differences(f"pair of {job}", dict.fromkeys(pairs, "success"), found)


def _progress(client: Client, journal: Journal) -> list[str]:
    answer = client.get(SUMMARY, accept="application/x-ndjson")
    rows = [json.loads(line) for line in answer.text.splitlines()]
    found = [
        ((row["contract_id"], row["courserun_key"]), row["amount_learner_paid"])
        for row in rows
        if row["contract_id"] is not None
    ]
    return differences("progress of", journal.progress, found)


def _all_mails(installation: Installation) -> list[dict[str, Any]]:
    lines = installation.cli.ok("mail", "list", "--json", "--limit", "1000000")
    return [json.loads(line) for line in lines]


def _mails(installation: Installation, journal: Journal) -> Iterator[str]:
    """Every mail that was delivered arrived, and everybody who has news was written to."""
    mails = _all_mails(installation)
    arrived = {each.strip("<").partition("@")[0] for each in installation.sink.copies}
    for mail in mails:
        if mail["status"] == "failed":
            yield f"mail {mail['uuid']}: was given up: {mail['error']}"
        if mail["status"] == "delivered" and mail["uuid"] not in arrived:
            yield f"mail {mail['uuid']}: is said to be delivered and did not arrive"
    written = {(mail["kind"], mail["recipient"]) for mail in mails}
    for email, (_, state) in journal.assignments.items():
        kind = "assignment-cancelled" if state == "cancelled" else "assignment-allocated"
        if (kind, email) not in written:
            yield f"mail to {email}: there is none of kind {kind}"
    for email in journal.licenses:
        if ("license-assigned", email) not in written:
            yield f"mail to {email}: there is none of kind license-assigned"


def _seats_in_the_lms(installation: Installation) -> Iterator[str]:
    state = httpx.get(f"{installation.lms.url}/_fake/state", trust_env=False).json()
    for *what, times in state["effects"]:
        if times > 1:
            yield f"LMS: {what} happened {times} times"


def _check(installation: Installation) -> Iterator[str]:
    finished = installation.cli.run("check")
    if finished.returncode != 0:
        yield from (finished.stdout + finished.stderr).splitlines()
