"""The figures of the queue and of the tasks on schedules."""

from datetime import timedelta
from threading import Event

import pytest

from bursar import clock
from bursar.database.engine import Database
from bursar.figures import Figure
from bursar.jobs.context import JobContext
from bursar.jobs.figures import queue_figures, task_figures
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow
from bursar.jobs.schedules import Schedules
from bursar.jobs.task_runs import last_successes, record_successes
from bursar.jobs.worker import Worker
from testing.databases.composed import opener
from testing.waiting import wait_until

EVERY_SECOND = "* * * * * *"


def do_nothing(_: JobContext) -> None:
    """A task without work."""


def figures(database: Database) -> dict[str, Figure]:
    with database.read() as connection:
        found = queue_figures(connection, clock.now())
        return {figure.name: figure for figure in found}


def test_an_empty_queue_has_no_age(database: Database) -> None:
    shown = figures(database)
    assert shown["bursar_jobs"].values == {}
    assert shown["bursar_jobs_oldest_waiting_seconds"].values == {}


def test_jobs_are_counted_and_the_oldest_has_an_age(database: Database) -> None:
    with database.transaction() as session:
        for key in ("one", "two"):
            JobQueue(database).enqueue(session, "work", key=key)
    with database.read() as connection:
        later = clock.now() + timedelta(minutes=10)
        shown = {figure.name: figure for figure in queue_figures(connection, later)}
    assert shown["bursar_jobs"].values == {("bursar", "waiting"): 2}
    [age] = shown["bursar_jobs_oldest_waiting_seconds"].values.values()
    assert 590 < age < 610


def test_a_task_that_never_succeeded_shows_the_beginning_of_time(database: Database) -> None:
    now = clock.now()
    with database.transaction() as session:
        record_successes(session, ["task.one"], now - timedelta(days=1))
        record_successes(session, ["task.one", "task.gone"], now)
    with database.read() as connection:
        [figure] = task_figures(["task.two", "task.one"])(connection, now)
    assert figure.values == {("task.one",): now.timestamp(), ("task.two",): 0.0}


def test_a_task_that_has_nothing_to_do_succeeds(database: Database) -> None:
    workflow = Workflow("task.idle", do_nothing, EVERY_SECOND, lambda _: False)
    start = clock.now()
    due = start + timedelta(seconds=5)
    context = JobContext(database, JobQueue(database), Event())
    Schedules([workflow], start).enqueue_due(context, due)
    with database.read() as connection:
        assert last_successes(connection) == {"task.idle": due}


@pytest.mark.slow  # a stopping DBOS takes its time
def test_a_task_that_ran_succeeded_and_one_that_failed_did_not(
    database: Database, database_url: str
) -> None:
    def fail(_: JobContext) -> None:
        raise RuntimeError

    good = Workflow("task.good", do_nothing, EVERY_SECOND)
    bad = Workflow("task.bad", fail, EVERY_SECOND)

    def successes() -> set[str]:
        with database.read() as connection:
            return set(last_successes(connection))

    worker = Worker(opener(database_url), [bad, good], polling_seconds=0.1, looking_seconds=0.1)
    worker.start()
    try:
        wait_until(successes, "a task succeeds")
    finally:
        worker.stop()
    assert successes() == {"task.good"}
