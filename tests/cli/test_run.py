"""Scheduled tasks, run at once by an operator and on their schedule by a worker."""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from bursar import clock, logs
from bursar.actors import Actor
from bursar.cli import run_task
from bursar.cli.commands import app
from bursar.database.engine import Database
from bursar.enrollment.gateway import EmbeddedGateway
from bursar.events.event import Event
from bursar.events.models import EventRecord
from bursar.events.service import publish
from bursar.jobs import steps
from bursar.jobs.context import JobContext
from bursar.jobs.queue import JobQueue
from bursar.jobs.tasks import Task, scheduled
from bursar.settings import Settings
from bursar.work import TASK_NAMES, tasks_of, workflows_of
from testing.servers.cli import Cli

RunTask = Callable[..., Result]
LATER = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


class Traced(Event):
    type: ClassVar[str] = "test.traced"
    object_type: ClassVar[str] = "setting"


def leave_a_trace(database: Database, settings: Settings) -> Mapping[str, int]:
    with database.transaction() as session:
        traced = Traced(object_id=settings.lms_public_url, enterprise_uuid=None)
        publish(session, Actor("task"), [traced], at=clock.now())
    return {"traced": 1, "left alone": 0}


def break_down(_database: Database, _settings: Settings) -> Mapping[str, int]:
    raise RuntimeError("broken")


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> RunTask:
    """`bursar run` in this process, with tasks of the test's own."""
    settings = Settings(database_url=database_url)
    tasks = {
        "trace": Task("trace", leave_a_trace, "7 * * * *"),
        "fail": Task("fail", break_down, None),
    }
    monkeypatch.setattr(run_task, "settings_or_fail", lambda: settings)
    # Loggers remember the stream that they wrote to first, and this command's is closed after it.
    monkeypatch.setattr(logs, "configure", lambda _settings: None)
    monkeypatch.setattr(run_task, "TASK_NAMES", tuple(tasks))
    monkeypatch.setattr(run_task, "tasks_of", lambda _gateway: tasks)
    return lambda *arguments: CliRunner().invoke(app, ["run", *arguments])


def traces(database: Database) -> list[datetime]:
    with database.read() as connection:
        return list(connection.scalars(select(EventRecord.at)))


def test_a_task_has_worked_when_the_command_returns(run: RunTask, database: Database) -> None:
    result = run("trace")
    assert (result.exit_code, result.output) == (0, "1 traced, 0 left alone\n")
    assert len(traces(database)) == 1


@pytest.mark.parametrize("instant", ["2031-05-06T07:08:09Z", "2031-05-06T09:08:09+02:00"])
def test_everything_happens_at_the_instant_that_counts_as_now(
    run: RunTask, database: Database, instant: str
) -> None:
    assert run("trace", "--now", instant).exit_code == 0
    assert traces(database) == [LATER]
    assert clock.now() != LATER


def test_without_one_the_clock_goes_on(run: RunTask, database: Database) -> None:
    before = clock.now()
    run("trace")
    (at,) = traces(database)
    assert before <= at <= clock.now()


def test_an_unknown_task_is_refused_and_the_known_ones_are_named(
    run: RunTask, database: Database
) -> None:
    result = run("expire")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "No task 'expire'; there are: trace, fail\n"
    assert traces(database) == []


@pytest.mark.parametrize("instant", ["1969-12-31", "9999-12-31T23:59:59Z"])
def test_an_instant_is_refused_that_leaves_tasks_no_time(run: RunTask, instant: str) -> None:
    result = run("trace", "--now", instant)
    message = f"--now: {instant!r} is not between 1970 and 9900\n"
    assert (result.exit_code, result.stderr) == (2, message)


@pytest.mark.parametrize("instant", ["tomorrow", "2031-13-01", " ", "0001-01-01T00:00:00+23:00"])
def test_what_is_no_instant_is_refused(run: RunTask, database: Database, instant: str) -> None:
    result = run("trace", "--now", instant)
    assert (result.exit_code, result.stderr) == (
        2,
        f"--now: {instant!r} is no instant\n",
    )
    assert traces(database) == []


def test_a_task_that_fails_fails_the_command(run: RunTask) -> None:
    result = run("fail", "--now", "2031-05-06")
    assert result.exit_code == 1
    assert str(result.exception) == "broken"
    assert clock.now() != datetime(2031, 5, 6, tzinfo=UTC)


def test_a_worker_runs_each_task_with_a_schedule() -> None:
    schedules = {workflow.name: workflow.schedule for workflow in workflows_of(Settings())}
    tasks = tasks_of(EmbeddedGateway())
    planned = {f"task.{task.name}": task.schedule for task in tasks.values() if task.schedule}
    assert planned.items() <= schedules.items()
    assert {"task.expire-assignments", "task.scrub-pii"} <= planned.keys()
    assert all(name == task.name for name, task in tasks.items())


def test_the_worker_runs_a_task_in_one_step(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, Any]] = []

    def run_at_once(_context: JobContext, name: str, function: Callable[[], Any]) -> None:
        seen.append((name, function()))

    monkeypatch.setattr(steps, "run", run_at_once)
    workflow = scheduled(Task("trace", leave_a_trace, "7 * * * *"), Settings())
    workflow.function(JobContext(database, JobQueue(database), threading.Event()))
    assert seen == [("trace", {"traced": 1, "left alone": 0})]
    assert len(traces(database)) == 1
    assert (workflow.name, workflow.schedule) == ("task.trace", "7 * * * *")


@pytest.mark.slow
@pytest.mark.parametrize("task", TASK_NAMES)
def test_every_task_can_be_run_when_there_is_nothing_to_do(on_sqlite: Cli, task: str) -> None:
    (line,) = on_sqlite.ok("run", task, "--now", "2031-05-06T00:00:00Z")
    assert {part.partition(" ")[0] for part in line.split(", ")} == {"0"}
    with on_sqlite.database() as database, database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(EventRecord)) == 0
