from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

import pytest
from dbos import DBOS
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bursar import clock
from bursar.counting import COUNTED, JOBS
from bursar.database.engine import Database
from bursar.jobs import housekeeping, steps
from bursar.jobs.context import JobContext
from bursar.jobs.later import put_off
from bursar.jobs.names import MANY_QUEUE, QUEUE
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow
from bursar.jobs.worker import CONCURRENCY, Worker
from bursar.web import idempotency
from bursar.web.jobs import FORGET_EXPIRED_ANSWERS
from bursar.web.models import IdempotencyRecord
from testing.databases.composed import opener
from testing.jobs import await_status, jobs, queues
from testing.waiting import wait_until

pytestmark = pytest.mark.slow  # a stopping DBOS takes its time


@contextmanager
def working(url: str, *workflows: Workflow) -> Iterator[Worker]:
    worker = Worker(
        opener(url), workflows, reaping_seconds=0.2, looking_seconds=0.1, polling_seconds=0.1
    )
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def enqueue(database: Database, workflow: str, *arguments: str | int, key: str = "one") -> str:
    with database.transaction() as session:
        return JobQueue(database).enqueue(session, workflow, *arguments, key=key)


def test_a_job_enqueued_before_any_worker_was_there_runs_once(
    database: Database, database_url: str
) -> None:
    seen: list[tuple[str, int]] = []

    def see(_context: JobContext, text: str, number: int) -> None:
        seen.append((text, number))

    work = Workflow("work", see)
    enqueue(database, "work", "argument", 7)
    with working(database_url, work):
        await_status(database, "one", "SUCCESS")
        enqueue(database, "work", "argument", 7)
        enqueue(database, "work", "later", 8, key="two")
        await_status(database, "two", "SUCCESS")
    assert seen == [("argument", 7), ("later", 8)]


def test_what_one_waits_for_never_waits_behind_work_for_many(
    database: Database, database_url: str
) -> None:
    may_end, begun = Event(), Event()

    def wait(_context: JobContext, _number: int) -> None:
        begun.set()
        may_end.wait(100)

    def pass_by(_context: JobContext) -> None:
        pass

    with database.transaction() as session:
        for number in range(3 * CONCURRENCY):
            JobQueue(database).enqueue(session, "many", number, queue=MANY_QUEUE)
    with working(database_url, Workflow("many", wait), Workflow("one", pass_by)):
        assert begun.wait(100)
        try:
            enqueue(database, "one")
            await_status(database, "one", "SUCCESS")
        finally:
            may_end.set()


def test_a_successor_is_in_the_queue_of_its_job(database: Database) -> None:
    queue = JobQueue(database)
    with database.transaction() as session:
        for key, name in (("a", MANY_QUEUE), ("b", QUEUE)):
            queue.enqueue(session, "work", key=key, queue=name)
            queue.enqueue_successor(session, key, "work", seconds=1)
    assert queues(database) == {"a": MANY_QUEUE, "a#2": MANY_QUEUE, "b": QUEUE, "b#2": QUEUE}


def test_a_failed_job_can_be_enqueued_again_with_its_key(
    database: Database, database_url: str
) -> None:
    attempts: list[str | None] = []

    def fail_first(_context: JobContext) -> None:
        attempts.append(DBOS.workflow_id)
        if len(attempts) == 1:
            raise ValueError("not yet")

    with working(database_url, Workflow("work", fail_first)):
        enqueue(database, "work")
        await_status(database, "one", "ERROR")
        again = enqueue(database, "work")
        assert enqueue(database, "work") == again
        await_status(database, again, "SUCCESS")
        assert enqueue(database, "work") == again
    assert attempts == ["one", again]


def test_jobs_are_counted_by_outcome(database: Database, database_url: str) -> None:
    def meet(context: JobContext, fate: str) -> None:
        if fate == "fail":
            raise ValueError(fate)
        if fate == "later":
            put_off(context, "counted", "succeed", seconds=0)

    def counted(outcome: str) -> float | None:
        labels = {"job": "counted", "outcome": outcome}
        return COUNTED.get_sample_value("bursar_jobs_done_total", labels)

    with working(database_url, Workflow("counted", meet)):
        assert [counted(each) for each in ("succeeded", "failed", "put off")] == [0, 0, 0]
        enqueue(database, "counted", "fail", key="bad")
        enqueue(database, "counted", "later", key="good")
        await_status(database, "bad", "ERROR")
        await_status(database, "good#2", "SUCCESS")
    assert [counted(each) for each in ("succeeded", "failed", "put off")] == [1, 1, 1]
    JOBS.clear()


def test_a_stopped_job_goes_on_after_its_last_step(database: Database, database_url: str) -> None:
    done: list[int] = []
    contexts: list[JobContext] = []
    in_third_step, proceed = Event(), Event()

    def step(number: int) -> int:
        if number == 2 and not proceed.is_set():
            in_third_step.set()
            proceed.wait(20)
        done.append(number)
        return number

    def five_steps(context: JobContext) -> None:
        contexts.append(context)
        found = [steps.run(context, "step", step, number) for number in range(5)]
        assert found == [0, 1, 2, 3, 4]

    work = Workflow("work", five_steps)
    worker = Worker(opener(database_url), [work], polling_seconds=0.1)
    worker.start()
    enqueue(database, "work")
    assert in_third_step.wait(20)
    release_while_stopping(contexts[0], proceed)
    worker.stop()
    assert jobs(database) == {"one": "PENDING"}
    assert done == [0, 1, 2]
    with working(database_url, work):
        await_status(database, "one", "SUCCESS")
    assert done == [0, 1, 2, 3, 4]


def release_while_stopping(context: JobContext, proceed: Event) -> None:
    def release() -> None:
        context.stopping.wait(20)
        proceed.set()

    Thread(target=release, daemon=True).start()


def test_a_step_waits_for_a_database_that_went_away(database: Database, database_url: str) -> None:
    attempts: list[int] = []

    def fragile() -> int:
        attempts.append(1)
        if len(attempts) < 3:
            raise OperationalError("SELECT 1", {}, Exception("gone"))
        return 1

    def run_fragile(context: JobContext) -> None:
        steps.run(context, "fragile", fragile)

    with working(database_url, Workflow("work", run_fragile)):
        enqueue(database, "work")
        await_status(database, "one", "SUCCESS")
    assert len(attempts) == 3


def test_scheduled_work_runs_when_its_time_comes(database: Database, database_url: str) -> None:
    seen: list[str] = []

    def tick(_context: JobContext) -> None:
        seen.append("tick")

    every_second = Workflow("tick", tick, schedule="* * * * * *")
    with working(database_url, every_second):
        wait_until(lambda: len(seen) >= 2, "it ran twice")
    assert all(job.startswith("sched-tick-") for job in jobs(database))


def test_a_second_worker_in_one_process_is_refused(database_url: str) -> None:
    with working(database_url), pytest.raises(RuntimeError, match="already"):
        Worker(opener(database_url), []).start()


def test_housekeeping_forgets_what_is_over_and_keeps_the_rest(
    database: Database, database_url: str
) -> None:
    now = clock.now()
    for scope, age in (("old", timedelta(hours=25)), ("new", timedelta())):
        with database.transaction() as session:
            idempotency.begin(session, scope, b"", now - age, timedelta(hours=24))
    by_hand = unscheduled(FORGET_EXPIRED_ANSWERS)
    with working(database_url, by_hand):
        enqueue(database, by_hand.name)
        await_status(database, "one", "SUCCESS")
    with database.transaction() as session:
        assert session.scalars(select(IdempotencyRecord.scope)).all() == ["new"]


def test_jobs_that_ended_long_ago_are_forgotten(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    forget = unscheduled(housekeeping.FORGET_ENDED)
    with working(database_url, forget, Workflow("work", do_nothing)):
        for key in ("a", "b", "c"):
            enqueue(database, "work", key=key)
            await_status(database, key, "SUCCESS")
        enqueue(database, "unknown", key="waits")
        enqueue(database, forget.name, key="too early")
        await_status(database, "too early", "SUCCESS")
        assert {"a", "b", "c"} <= set(jobs(database))
        with clock.frozen_at(clock.now() + timedelta(days=31)):
            enqueue(database, forget.name, key="in time")
            await_status(database, "in time", "SUCCESS")
    assert set(jobs(database)) == {"waits", "in time"}


def do_nothing(_context: JobContext) -> None:
    """A job that succeeds at once."""


def unscheduled(workflow: Workflow) -> Workflow:
    return Workflow(workflow.name, workflow.function)
