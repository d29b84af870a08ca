"""What operators see of jobs and do to them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bursar import clock
from bursar.database.engine import Database
from bursar.jobs.control import JobControl, JobRefused, JobState, UnknownJob
from bursar.jobs.queue import JobQueue
from testing.jobs import change_status, jobs
from testing.servers.cli import Cli

ALL = 1000


def enqueue(database: Database, key: str, name: str = "work") -> str:
    with database.transaction() as session:
        return JobQueue(database).enqueue(session, name, "argument", 1, None, key=key)


def test_jobs_are_listed_newest_first_and_narrowed(database: Database) -> None:
    control = JobControl(database)
    for key in ("one", "two", "three"):
        enqueue(database, key, "other" if key == "two" else "work")
    change_status(database, "one", "ERROR")
    assert [job.id for job in control.newest(limit=ALL)] == ["three", "two", "one"]
    assert [job.id for job in control.newest(limit=2)] == ["three", "two"]
    assert [job.id for job in control.newest(limit=ALL, name="other")] == ["two"]
    failed = control.newest(limit=ALL, states=[JobState.FAILED, JobState.DONE])
    assert [(job.id, job.state) for job in failed] == [("one", JobState.FAILED)]
    hour = timedelta(hours=1)
    assert len(control.newest(limit=ALL, since=datetime.now(UTC) - hour)) == 3
    assert control.newest(limit=ALL, since=datetime.now(UTC) + hour) == []


def test_a_job_is_shown_with_what_it_was_given(database: Database) -> None:
    enqueue(database, "one")
    with database.transaction() as session:
        later = JobQueue(database).enqueue_successor(session, "one", "work", "more", seconds=60)
    job = JobControl(database).find("one")
    assert (job.name, job.state, job.arguments) == ("work", JobState.WAITING, ("argument", 1, None))
    delayed = JobControl(database).find(later)
    assert delayed.state is JobState.DELAYED
    assert delayed.due_at is not None
    assert delayed.due_at > clock.now()
    with pytest.raises(UnknownJob, match="no such job: none"):
        JobControl(database).find("none")


@pytest.mark.parametrize("status", ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED"])
def test_what_failed_is_done_again_by_another_job(database: Database, status: str) -> None:
    enqueue(database, "one")
    change_status(database, "one", status)
    with database.transaction() as session:
        again = JobControl(database).retry(session, "one")
    assert jobs(database) == {"one": status, "one#2": "ENQUEUED"}
    job = JobControl(database).find(again)
    assert (job.id, job.name, job.arguments) == ("one#2", "work", ("argument", 1, None))
    # Whoever enqueues work for the key finds the job that does it.
    assert enqueue(database, "one") == "one#2"
    with database.transaction() as session, pytest.raises(JobRefused, match="one#2 already"):
        JobControl(database).retry(session, "one")


@pytest.mark.parametrize("status", ["ENQUEUED", "PENDING", "DELAYED", "SUCCESS"])
def test_nothing_else_is_done_again(database: Database, status: str) -> None:
    enqueue(database, "one")
    change_status(database, "one", status)
    with database.transaction() as session, pytest.raises(JobRefused, match="failed or was"):
        JobControl(database).retry(session, "one")
    assert jobs(database) == {"one": status}


def test_what_has_not_ended_is_cancelled(database: Database) -> None:
    control = JobControl(database)
    for status in ("ENQUEUED", "PENDING", "DELAYED"):
        enqueue(database, status)
        change_status(database, status, status)
        control.cancel(status)
        assert control.find(status).state is JobState.CANCELLED
    for status in ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"):
        enqueue(database, status)
        change_status(database, status, status)
        with pytest.raises(JobRefused, match="already"):
            control.cancel(status)
        assert jobs(database)[status] == status


@pytest.mark.slow
class TestCommands:
    @pytest.fixture
    def cli(self, database_url: str, tmp_path: Path) -> Cli:
        return Cli(tmp_path, database_url)

    def test_jobs_are_listed_shown_cancelled_and_retried(self, cli: Cli) -> None:
        with cli.database() as database:
            enqueue(database, "one")
        heading, line = cli.ok("jobs", "list")
        assert heading.split()[:3] == ["id", "name", "state"]
        assert line.split()[:3] == ["one", "work", "waiting"]
        assert cli.ok("jobs", "list", "--state", "failed", "--state", "done", "--json") == []
        (listed,) = cli.ok("jobs", "list", "--json")
        shown = json.loads("".join(cli.ok("jobs", "show", "one")))
        assert shown == json.loads(listed) | {"steps": []}
        assert shown["arguments"] == ["argument", 1, None]
        assert cli.ok("jobs", "cancel", "one") == ["one is cancelled"]
        assert cli.ok("jobs", "retry", "one") == ["one#2"]
        told = [line.split()[2:] for line in cli.ok("audit", "--object", "one")]
        assert told == [
            ["job.cancelled", "job", "one", "-", "state:", "waiting", "->", "cancelled"],
            ["job.retried", "job", "one", "-", "retried_as:", "-", "->", '"one#2"'],
        ]

    def test_what_cannot_be_done_is_told(self, cli: Cli) -> None:
        for command in ("show", "retry", "cancel"):
            assert cli.refused("jobs", command, "none") == ["no such job: none"]
        with cli.database() as database:
            enqueue(database, "one")
        (told,) = cli.refused("jobs", "retry", "one")
        assert told == "one is waiting. Only a job that failed or was cancelled can be retried."
