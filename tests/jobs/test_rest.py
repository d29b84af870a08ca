"""A worker rests while there is nothing to do, and is awake when there is."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event

import pytest
from sqlalchemy import text

from bursar import clock
from bursar.database.engine import Database
from bursar.jobs import later
from bursar.jobs.context import JobContext
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow
from bursar.jobs.runner import JobRunner
from bursar.jobs.unfinished import Unfinished
from bursar.jobs.worker import LOOKING_SECONDS, POLLING_SECONDS, Worker
from testing.databases.composed import opener
from testing.jobs import await_status, change_status, jobs
from testing.waiting import wait_until

slow = pytest.mark.slow  # a stopping DBOS takes its time

ENQUEUE = """
import sys
from bursar.database.engine import Database
from bursar.jobs.queue import JobQueue
database = Database(sys.argv[1])
with database.transaction() as session:
    JobQueue(database).enqueue(session, "work", key=sys.argv[2])
"""


@contextmanager
def working(url: str, *workflows: Workflow) -> Iterator[Worker]:
    worker = Worker(
        opener(url),
        workflows,
        reaping_seconds=0.2,
        looking_seconds=0.1,
        polling_seconds=0.1,
        resting_seconds=0,
    )
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def await_rest(worker: Worker) -> None:
    wait_until(lambda: worker.is_resting, "the worker rests")


def enqueue(database: Database, workflow: str, key: str) -> None:
    with database.transaction() as session:
        JobQueue(database).enqueue(session, workflow, key=key)


def do_nothing(_context: JobContext) -> None:
    """A job that succeeds at once."""


WORK = Workflow("work", do_nothing)


def test_a_job_waits_less_than_a_second_for_a_worker_that_rests() -> None:
    """The last fifth of the second is for starting DBOS, and for the work of taking the job."""
    assert LOOKING_SECONDS + 1.05 * POLLING_SECONDS < 0.8


@slow
def test_jobs_of_another_process_wake_a_worker_that_rests(
    database: Database, database_url: str
) -> None:
    with working(database_url, WORK) as worker:
        for key in ("one", "two"):
            await_rest(worker)
            subprocess.run([sys.executable, "-c", ENQUEUE, database_url, key], check=True)
            await_status(database, key, "SUCCESS")


@slow
def test_a_job_that_was_put_off_wakes_it(database: Database, database_url: str) -> None:
    def put_off(context: JobContext) -> None:
        later.put_off(context, "work", seconds=3)

    with working(database_url, Workflow("first", put_off), WORK) as worker:
        enqueue(database, "first", "one")
        await_status(database, "one", "SUCCESS")
        assert jobs(database)["one#2"] == "DELAYED"
        await_rest(worker)
        await_status(database, "one#2", "SUCCESS")


@slow
def test_scheduled_work_wakes_it(database: Database, database_url: str) -> None:
    scheduled = Workflow("scheduled", do_nothing, schedule="*/4 * * * * *")
    with working(database_url, scheduled) as worker:
        await_rest(worker)
        wait_until(lambda: "SUCCESS" in jobs(database).values(), "it ran")


@slow
@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_what_a_lost_worker_left_wakes_it(database: Database, database_url: str) -> None:
    with working(database_url, WORK) as worker:
        await_rest(worker)
        enqueue(database, "unknown", "one")
        with database.transaction() as session:
            session.execute(
                text(
                    "UPDATE dbos.workflow_status"
                    " SET status = 'PENDING', executor_id = 'lost', name = 'work'"
                )
            )
        await_status(database, "one", "SUCCESS")


@slow
@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_worker_that_rests_survives_the_end_of_its_connections(
    database: Database, database_url: str
) -> None:
    with working(database_url, WORK) as worker:
        await_rest(worker)
        for key in ("one", "two"):
            with database.read() as connection:
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
            database.dispose()
            enqueue(database, "work", key)
            await_status(database, key, "SUCCESS")


@contextmanager
def runner(database: Database, kind: type[JobRunner], *workflows: Workflow) -> Iterator[JobRunner]:
    context = JobContext(database, JobQueue(database), Event())
    made = kind("runner", context, workflows, reaping_seconds=0.2, polling_seconds=0.05)
    made.start()
    try:
        yield made
    finally:
        context.stopping.set()
        made.stop()


@slow
def test_nothing_rests_under_a_job(database: Database) -> None:
    inside, proceed = Event(), Event()

    def hold(_context: JobContext) -> None:
        inside.set()
        proceed.wait(20)

    with runner(database, JobRunner, Workflow("work", hold)) as held:
        enqueue(database, "work", "one")
        assert inside.wait(20)
        assert not held.rest()
        assert held.is_running
        proceed.set()
        await_status(database, "one", "SUCCESS")
        wait_until(held.rest, "the runner rests")
        assert not held.is_running


class TakesOneMore(JobRunner):
    """Takes a job after it has decided to rest, and before DBOS ends."""

    database: Database

    def stop(self) -> None:
        if self.is_running and not jobs(self.database):
            enqueue(self.database, "work", "one")
            await_status(self.database, "one", "PENDING")
        super().stop()


@slow
def test_a_job_that_is_taken_on_the_way_to_rest_is_done_afterwards(database: Database) -> None:
    runs: list[int] = []

    def count(_context: JobContext) -> None:
        runs.append(1)

    TakesOneMore.database = database
    with runner(database, TakesOneMore, Workflow("work", count)) as tired:
        assert tired.rest()
        assert (jobs(database), runs) == ({"one": "PENDING"}, [])
        tired.start()
        await_status(database, "one", "SUCCESS")
        assert runs == [1]


def is_awaited(database: Database, now: datetime | None = None) -> bool:
    with database.read() as connection:
        return Unfinished(database).exists(connection, now or clock.now())


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("ENQUEUED", True),
        ("PENDING", True),
        ("SUCCESS", False),
        ("ERROR", False),
        ("CANCELLED", False),
        ("MAX_RECOVERY_ATTEMPTS_EXCEEDED", False),
    ],
)
def test_what_has_ended_wakes_nobody(database: Database, status: str, expected: bool) -> None:
    assert not is_awaited(database)
    enqueue(database, "work", "one")
    change_status(database, "one", status)
    assert is_awaited(database) == expected


def test_a_job_that_is_put_off_is_awaited_from_its_time_on(database: Database) -> None:
    with database.transaction() as session:
        JobQueue(database).enqueue_successor(session, "one", "work", seconds=60)
    assert not is_awaited(database)
    assert is_awaited(database, clock.now() + timedelta(seconds=61))


@pytest.mark.parametrize("column", ["application_version", "application_name"])
def test_jobs_of_others_are_left_to_them(database: Database, column: str) -> None:
    enqueue(database, "work", "one")
    stored = "workflow_status" if database.is_sqlite else "dbos.workflow_status"
    with database.transaction() as session:
        session.execute(text(f"UPDATE {stored} SET {column} = 'other'"))
    assert not is_awaited(database)
