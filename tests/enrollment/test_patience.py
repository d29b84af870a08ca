"""An LMS that is away: work waits for it, and no worker does."""

from collections.abc import Iterator

import pytest
import structlog

from bursar.database.engine import Database
from bursar.enrollment import patience
from bursar.enrollment.gateway import LmsUnavailable
from bursar.enrollment.patience import GAVE_UP, patiently
from bursar.jobs.context import JobContext
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow
from bursar.jobs.worker import CONCURRENCY, Worker
from testing.databases.composed import opener
from testing.jobs import await_status, jobs

pytestmark = pytest.mark.slow  # a stopping DBOS takes its time


class Lms:
    """Away for so many calls."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.retry_after: float | None = None
        self.unsure = 0
        """So many of those calls, the first ones, may have been done."""
        self.calls: list[str] = []

    def call(self, name: str) -> str:
        self.calls.append(name)
        if len(self.calls) <= self.away:
            may_be_done = len(self.calls) <= self.unsure
            raise LmsUnavailable("away", self.retry_after, may_be_done=may_be_done)
        return f"{name} is enrolled"


@pytest.fixture
def lms() -> Lms:
    return Lms()


@pytest.fixture
def results() -> dict[str, str]:
    return {}


@pytest.fixture
def worker(database_url: str, lms: Lms, results: dict[str, str]) -> Iterator[Worker]:
    def ask(context: JobContext, name: str, attempt: int = 0, unsure: bool = False) -> None:
        try:
            results[name] = patiently(
                context, "ask", "ask", lambda: lms.call(name), name, attempt=attempt, unsure=unsure
            )
        except LmsUnavailable as unavailable:
            results[name] = str(unavailable)

    def other(_context: JobContext) -> None:
        results["other"] = "done"

    worker = Worker(
        opener(database_url), [Workflow("ask", ask), Workflow("other", other)], polling_seconds=0.1
    )
    yield worker
    worker.stop()


def enqueue(database: Database, workflow: str, *arguments: str, key: str) -> None:
    with database.transaction() as session:
        JobQueue(database).enqueue(session, workflow, *arguments, key=key)


def test_other_work_goes_on_while_many_jobs_wait_for_the_lms(
    database: Database, worker: Worker, lms: Lms, results: dict[str, str]
) -> None:
    lms.away, lms.retry_after = 1_000, 3_600.0
    names = [f"learner {number}" for number in range(2 * CONCURRENCY)]
    for name in names:
        enqueue(database, "ask", name, key=name)
    enqueue(database, "other", key="other")
    worker.start()
    await_status(database, "other", "SUCCESS")
    for name in names:
        await_status(database, name, "SUCCESS")
    assert {name: jobs(database)[f"{name}#2"] for name in names} == dict.fromkeys(names, "DELAYED")
    assert results == {"other": "done"}
    assert sorted(lms.calls) == sorted(names)


def test_it_is_asked_until_it_answers(
    database: Database,
    worker: Worker,
    lms: Lms,
    results: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "PAUSES_SECONDS", (0, 0, 0))
    lms.away = 2
    enqueue(database, "ask", "ana", key="one")
    worker.start()
    await_status(database, "one#3", "SUCCESS")
    assert results == {"ana": "ana is enrolled"}
    assert jobs(database) == dict.fromkeys(["one", "one#2", "one#3"], "SUCCESS")
    enqueue(database, "ask", "ana", key="one")
    assert len(jobs(database)) == 3


def test_in_the_end_it_is_given_up(
    database: Database,
    worker: Worker,
    lms: Lms,
    results: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "PAUSES_SECONDS", (0,))
    lms.away = 1_000
    enqueue(database, "ask", "ana", key="one")
    with structlog.testing.capture_logs() as lines:
        worker.start()
        await_status(database, "one#2", "SUCCESS")
    assert results == {"ana": GAVE_UP}
    assert {line["log_level"] for line in lines if line["event"] == "gave up on the LMS"} == {
        "warning"
    }
    assert len(lms.calls) == 2


def test_what_the_lms_may_have_done_is_never_given_up(
    database: Database,
    worker: Worker,
    lms: Lms,
    results: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "PAUSES_SECONDS", (0,))
    lms.away, lms.unsure = 4, 1
    enqueue(database, "ask", "ana", key="one")
    with structlog.testing.capture_logs() as lines:
        worker.start()
        await_status(database, "one#5", "SUCCESS")
    assert results == {"ana": "ana is enrolled"}
    told = [line["log_level"] for line in lines if "does not say" in str(line["event"])]
    assert told == ["warning"] * 3
