"""How the jobs of lost workers are put back, which asks a private function of DBOS.

Decision 0010 says why, and what the public `DBOS.resume_workflows` does otherwise.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, Final

import pytest
from dbos import DBOS
from sqlalchemy import ColumnClause, TableClause, column, select, table

from bursar.database.engine import Database
from bursar.jobs.context import JobContext
from bursar.jobs.names import SCHEMA
from bursar.jobs.queue import JobQueue
from bursar.jobs.recovery import recover
from bursar.jobs.registry import Workflow
from bursar.jobs.runner import RECOVERY_ATTEMPTS
from bursar.jobs.worker import Worker
from testing.databases.composed import opener
from testing.jobs import await_status, jobs
from testing.paths import REPOSITORY

CHECKED: Final = "3.4.0"
"""The release of DBOS whose private function was read. Before this changes, read it again, and look
whether there is a public one by now."""
LOST = "a worker that died"
LIVING = "a worker that lives"


def test_the_release_is_the_one_that_was_read() -> None:
    assert version("dbos") == CHECKED
    assert f"dbos=={CHECKED}" in (REPOSITORY / "requirements.in").read_text().splitlines()
    assert callable(DBOS._recover_pending_workflows)


@pytest.mark.slow  # A stopping DBOS takes its time.
class TestRecovery:
    def test_each_recovery_counts_as_an_attempt(
        self, database: Database, database_url: str
    ) -> None:
        enqueue(database, "one")
        alter(database, "one", status="PENDING", executor_id=LOST, recovery_attempts=5)
        with working(database_url) as runs:
            await_status(database, "one", "SUCCESS")
        assert (runs, attempts(database, "one")) == ([1], 6)

    def test_a_job_that_killed_too_many_workers_is_given_up(
        self, database: Database, database_url: str
    ) -> None:
        enqueue(database, "one")
        most = RECOVERY_ATTEMPTS + 1
        alter(database, "one", status="PENDING", executor_id=LOST, recovery_attempts=most)
        with working(database_url) as runs:
            await_status(database, "one", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
        assert runs == []

    def test_what_another_worker_took_or_somebody_cancelled_is_left_alone(
        self, database: Database, database_url: str
    ) -> None:
        with working(database_url) as runs:
            for job, status, holder in (
                ("taken", "PENDING", LIVING),
                ("cancelled", "CANCELLED", LOST),
            ):
                enqueue(database, job, queue="a queue that nobody looks at")
                alter(database, job, status=status, executor_id=holder)
            recover([LOST])
            assert jobs(database) == {"taken": "PENDING", "cancelled": "CANCELLED"}
        assert runs == []


@contextmanager
def working(url: str) -> Iterator[list[int]]:
    """A worker that looks for lost ones when it starts, and then not again. Lists its runs."""
    runs: list[int] = []

    def run(_context: JobContext) -> None:
        runs.append(1)

    work = Workflow("work", run)
    worker = Worker(opener(url), [work], reaping_seconds=600.0, polling_seconds=0.1)
    worker.start()
    try:
        yield runs
    finally:
        worker.stop()


def enqueue(database: Database, key: str, **options: str) -> None:
    with database.transaction() as session:
        JobQueue(database).enqueue(session, "work", key=key, **options)


def alter(database: Database, job: str, **values: Any) -> None:
    """By hand, as DBOS would leave the row of a job that a worker has taken."""
    stored = _stored(database, *values)
    with database.transaction() as session:
        session.execute(stored.update().where(stored.c.workflow_uuid == job).values(values))


def attempts(database: Database, job: str) -> int:
    stored = _stored(database, "recovery_attempts")
    statement = select(stored.c.recovery_attempts).where(stored.c.workflow_uuid == job)
    with database.read() as connection:
        return int(connection.execute(statement).scalar_one())


def _stored(database: Database, *columns: str) -> TableClause:
    schema = None if database.is_sqlite else SCHEMA
    named: list[ColumnClause[Any]] = [column(name) for name in ("workflow_uuid", *columns)]
    return table("workflow_status", *named, schema=schema)
