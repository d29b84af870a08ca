"""Compares what was acknowledged with what is stored, when all work is done."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from proof.client import Client
from proof.installation import Installation
from proof.journal import Journal, differences
from proof.stories import (
    ASSIGNED,
    ASSIGNMENTS,
    BULK,
    CANCELLED,
    ENROLLED,
    LICENSED,
    LICENSES,
    NARROW_ASSIGNMENTS,
    REDEMPTION,
    REMINDED,
    SUMMARY,
)
from proof.world import NARROW_LIMIT, STUDENTS, username
from testing.fakes.smtp import Delivery
from testing.waiting import WaitedInVain, wait_until

QUIET_SECONDS: Final = 600.0
"""Far above what a busy machine needs: a killed worker's mails wait for its lease to end before
others send them."""
MOST_SHOWN: Final = 20
_SETTLED: Final = frozenset({"delivered", "dropped", "failed"})


def problems(
    installation: Installation, client: Client, journal: Journal, patience: float = QUIET_SECONDS
) -> list[str]:
    """The differences; empty when every acknowledged write was done exactly once."""
    return [
        *(f"a client met {answer}" for answer in journal.unexpected),
        *_await_quiet(installation, client, journal, patience),
        *_assignments(client, journal),
        *_narrow_budget(client, journal),
        *_licenses(client, journal),
        *_jobs(client, journal),
        *_progress(client, journal),
        *_mails(installation, journal),
        *_seats_in_the_lms(installation, journal),
        *_check(installation),
    ]


def _await_quiet(
    installation: Installation, client: Client, journal: Journal, patience: float
) -> Iterator[str]:
    waits: dict[str, Callable[[], bool]] = {
        "a transaction is not settled": lambda: all(
            _transaction(client, uuid)["state"] != "created" for uuid in journal.transactions
        ),
        "a job is not done": lambda: all(
            _state_of_job(client, job) in {"done", "lost"} for job in journal.jobs
        ),
        "a mail waits": lambda: all(
            mail["status"] in _SETTLED for mail in _all_mails(installation)
        ),
        "the LMS has other enrollments": lambda: not list(_seats_in_the_lms(installation, journal)),
    }
    deadline = time.monotonic() + patience
    for what, is_quiet in waits.items():
        try:
            wait_until(is_quiet, seconds=deadline - time.monotonic())
        except WaitedInVain:
            yield f"{what} after {patience:.0f} seconds"


def _pages(client: Client, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    number: int | None = 1
    while number is not None:
        page = client.get(path, **query, page=number).json()
        yield from page["results"]
        number = number + 1 if page["next"] else None


def _transaction(client: Client, uuid: str) -> dict[str, Any]:
    answer = client.look(f"{REDEMPTION}/transactions/{uuid}/")
    found: dict[str, Any] = {"state": "lost"} if answer.status_code == 404 else answer.json()
    return found


def _state_of_job(client: Client, job: str) -> str:
    answer = client.look(f"{BULK}/{job}")
    return "lost" if answer.status_code == 404 else str(answer.json()["state"])


def _assignments(client: Client, journal: Journal) -> list[str]:
    items = _pages(client, ASSIGNMENTS, page_size=500, ordering="content_quantity")
    found = [(item["learner_email"], (item["uuid"], item["state"])) for item in items]
    settled = [(uuid, _transaction(client, uuid)["state"]) for uuid in journal.transactions]
    return [
        *differences("assignment of", journal.assignments, found),
        *differences("transaction", journal.transactions, settled),
    ]


def _narrow_budget(client: Client, journal: Journal) -> Iterator[str]:
    items = _pages(client, NARROW_ASSIGNMENTS, page_size=500, ordering="content_quantity")
    found = [(item["learner_email"], (item["uuid"], item["state"])) for item in items]
    yield from differences("assignment of", journal.narrow, found)
    if len(found) > NARROW_LIMIT:
        yield f"narrow budget: {len(found)} assignments are more than its limit of {NARROW_LIMIT}"


def _licenses(client: Client, journal: Journal) -> list[str]:
    found = [
        (item["user_email"], (item["uuid"], item["status"]))
        for item in _pages(client, LICENSES, status="assigned,activated,revoked", page_size=1000)
        if item["user_email"] not in STUDENTS
    ]
    return differences("license of", journal.licenses, found)


def _jobs(client: Client, journal: Journal) -> Iterator[str]:
    for job, pairs in journal.jobs.items():
        if _state_of_job(client, job) == "lost":
            yield f"job {job}: was acknowledged and is lost"
            continue
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
    """What the mail server got is what counts: every mail that an acknowledged change owes, and no
    other. Bursar's own record must agree."""
    got = installation.sink.deliveries
    arrived = {(mail.recipient, words) for mail in got for words in _words_of(mail)}
    for email, words in sorted(journal.owed - arrived):
        yield f"mail to {email}: none arrived with '{words}'"
    for email, words in sorted(arrived - _allowed(journal)):
        yield f"mail to {email}: nobody is owed one with '{words}'"
    yield from _courses_told(got, journal)
    ids = {mail.id.strip("<").partition("@")[0] for mail in got}
    for mail in _all_mails(installation):
        if mail["status"] == "failed":
            yield f"mail {mail['uuid']}: was given up: {mail['error']}"
        if mail["status"] == "delivered" and mail["uuid"] not in ids:
            yield f"mail {mail['uuid']}: is said to be delivered and did not arrive"


def _words_of(mail: Delivery) -> Iterator[str]:
    known = (ASSIGNED, REMINDED, CANCELLED, LICENSED, ENROLLED)
    found = [words for words in known if words in str(mail.message["Subject"])]
    yield from found or [str(mail.message["Subject"])]


def _allowed(journal: Journal) -> set[tuple[str, str]]:
    """What is owed, and what may have been sent before something else made it untrue."""
    assigned = {(email, ASSIGNED) for email in (*journal.assignments, *journal.narrow)}
    return journal.owed | assigned | {(email, LICENSED) for email in journal.licenses}


def _courses_told(got: Sequence[Delivery], journal: Journal) -> Iterator[str]:
    texts: defaultdict[str, str] = defaultdict(str)
    for mail in got:
        if ENROLLED in str(mail.message["Subject"]):
            body = mail.message.get_body(("plain",))
            texts[mail.recipient] += body.get_content() if body is not None else ""
    for email, run in sorted(journal.enrolled):
        if run not in texts[email]:
            yield f"mail to {email}: none arrived that tells of {run}"


def _seats_in_the_lms(installation: Installation, journal: Journal) -> Iterator[str]:
    """Every enrollment that was acknowledged and not reversed is in the LMS, once, and no other."""
    state = installation.lms_state()
    for *what, times in state["effects"]:
        if times > 1:
            yield f"LMS: {what} happened {times} times"
    wanted = {(username(email), run) for (email, run), is_on in journal.seats.items() if is_on}
    there = {(name, run) for name, run in state["active"]}
    for name, run in sorted(wanted - there):
        yield f"LMS: {name} is not enrolled in {run}"
    for name, run in sorted(there - wanted):
        yield f"LMS: {name} is enrolled, and nobody was promised it: {run}"


def _check(installation: Installation) -> Iterator[str]:
    finished = installation.cli.run("check")
    if finished.returncode != 0:
        lines = (finished.stdout + finished.stderr).splitlines()
        yield from (f"check: {line}" for line in lines)
