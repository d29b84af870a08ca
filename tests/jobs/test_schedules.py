"""Work by the clock: when it is due, and that it is enqueued once."""

from datetime import UTC, datetime
from threading import Event

import pytest
from sqlalchemy.exc import OperationalError

from bursar.database.engine import Database
from bursar.jobs.context import JobContext
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow
from bursar.jobs.schedules import Schedules
from testing.jobs import change_status, jobs

HOURLY = "7 * * * *"


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2026, 3, 1, hour, minute, second, tzinfo=UTC)


def do_nothing(_context: JobContext) -> None:
    """A job that succeeds at once."""


def work(schedule: str | None, name: str = "work") -> Workflow:
    return Workflow(name, do_nothing, schedule)


@pytest.fixture
def context(database: Database) -> JobContext:
    return JobContext(database, JobQueue(database), Event())


def test_work_is_enqueued_when_its_time_comes_and_not_before(context: JobContext) -> None:
    schedules = Schedules([work(HOURLY), work(None, "never")], at(10, 7))
    schedules.enqueue_due(context, at(11, 6, 59))
    assert jobs(context.database) == {}
    schedules.enqueue_due(context, at(11, 7))
    schedules.enqueue_due(context, at(11, 7, 1))
    assert jobs(context.database) == {"sched-work-2026-03-01T11:07:00+00:00": "ENQUEUED"}
    schedules.enqueue_due(context, at(12, 8))
    assert sorted(jobs(context.database)) == [
        "sched-work-2026-03-01T11:07:00+00:00",
        "sched-work-2026-03-01T12:07:00+00:00",
    ]


@pytest.mark.parametrize("ended", ["ENQUEUED", "PENDING", "SUCCESS", "ERROR"])
def test_several_workers_enqueue_it_once(context: JobContext, ended: str) -> None:
    first, second = (Schedules([work(HOURLY)], at(10, 30)) for _ in range(2))
    first.enqueue_due(context, at(11, 7))
    [job] = jobs(context.database)
    change_status(context.database, job, ended)
    second.enqueue_due(context, at(11, 9))
    assert jobs(context.database) == {job: ended}


def test_a_worker_that_was_held_up_does_only_what_was_due_last(context: JobContext) -> None:
    schedules = Schedules([work(HOURLY)], at(10, 30))
    schedules.enqueue_due(context, at(15, 30))
    schedules.enqueue_due(context, at(15, 31))
    assert list(jobs(context.database)) == ["sched-work-2026-03-01T15:07:00+00:00"]


def test_what_needs_not_be_done_is_passed_over(context: JobContext) -> None:
    answers = [False, True]
    needed = Workflow("work", do_nothing, HOURLY, lambda _context: answers.pop(0))
    schedules = Schedules([needed], at(10, 30))
    schedules.enqueue_due(context, at(11, 7))
    schedules.enqueue_due(context, at(11, 8))
    assert (jobs(context.database), answers) == ({}, [True])
    schedules.enqueue_due(context, at(12, 7))
    assert list(jobs(context.database)) == ["sched-work-2026-03-01T12:07:00+00:00"]


def test_an_error_loses_no_work(context: JobContext) -> None:
    """Such as a database that is away at that moment."""
    errors: list[Exception] = [OperationalError("SELECT 1", {}, Exception("gone"))]

    def look(_context: JobContext) -> bool:
        if errors:
            raise errors.pop()
        return True

    watched = Workflow("watched", do_nothing, HOURLY, look)
    schedules = Schedules([work(HOURLY), watched], at(10, 30))
    with pytest.raises(OperationalError):
        schedules.enqueue_due(context, at(11, 7))
    schedules.enqueue_due(context, at(11, 8))
    assert len(jobs(context.database)) == 2
