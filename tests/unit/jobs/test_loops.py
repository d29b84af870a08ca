import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bursar.database.engine import Database
from bursar.jobs import loops
from bursar.jobs.context import JobContext
from bursar.jobs.loops import Loop, RunningLoops
from bursar.jobs.queue import JobQueue

PATIENCE_SECONDS = 20.0


def new_context() -> JobContext:
    """Its database is never connected to."""
    database = Database("sqlite:///nowhere/bursar.db")
    return JobContext(database, JobQueue(database), Event())


@contextmanager
def running(*functions: Callable[[], object], seconds: float = 0.001) -> Iterator[None]:
    context = new_context()

    def loop(number: int, function: Callable[[], object]) -> Loop:
        return Loop(f"loop {number}", lambda _context: function(), seconds)

    loops_of_all = [loop(number, each) for number, each in enumerate(functions)]
    started = RunningLoops(loops_of_all, context)
    started.start()
    try:
        yield
    finally:
        context.stopping.set()
        started.join(PATIENCE_SECONDS)


def test_each_runs_again_and_again_beside_the_others() -> None:
    before, first, second = set(threading.enumerate()), Event(), Event()
    runs: list[int] = []

    def count() -> None:
        runs.append(1)
        if len(runs) == 3:
            first.set()

    with running(count, second.set):
        assert first.wait(PATIENCE_SECONDS)
        assert second.wait(PATIENCE_SECONDS)
    assert set(threading.enumerate()) <= before


def test_errors_are_logged_and_end_nothing() -> None:
    recovered = Event()
    errors: list[Exception] = [
        RuntimeError("a defect"),
        OperationalError("SELECT 'ann@example.org'", {}, Exception("gone")),
    ]

    def fragile() -> None:
        if errors:
            raise errors.pop()
        recovered.set()

    with capture_logs() as log, running(fragile):
        assert recovered.wait(PATIENCE_SECONDS)
    away, defect = log
    assert (away["event"], away["error"]) == ("loop waits for the database", "gone")
    assert (defect["event"], defect["loop"]) == ("loop failed", "loop 0")
    assert "@" not in str(away)


def test_pauses_grow_while_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "LONGEST_PAUSE_SECONDS", 3.0)
    pauses = [1.0]
    for _ in range(3):
        pauses.append(loops._longer(pauses[-1]))
    assert pauses == [1.0, 2.0, 3.0, 3.0]


def test_one_that_does_not_end_does_not_keep_the_worker() -> None:
    begun, held, context = Event(), Event(), new_context()

    def hold(_context: JobContext) -> None:
        begun.set()
        held.wait()

    stuck = RunningLoops([Loop("stuck", hold, 0.0)], context)
    stuck.start()
    assert begun.wait(PATIENCE_SECONDS)
    context.stopping.set()
    with capture_logs() as log:
        stuck.join(0.05)
    held.set()
    assert log[0]["thread"] == "loop stuck"


def test_the_pauses_of_a_loop_without_work_grow_until_it_has_some() -> None:
    loop = Loop("idle", lambda _context: 0, 0.2, idle_seconds=1.0)
    pauses = [0.2]
    for _ in range(4):
        pauses.append(loops.pause_after(loops.Outcome.IDLE, loop, pauses[-1]))
    assert pauses == [0.2, 0.4, 0.8, 1.0, 1.0]
    assert loops.pause_after(loops.Outcome.DONE, loop, 1.0) == 0.2
    assert loops.pause_after(loops.Outcome.FAILED, loop, 1.0) == 2.0
    steady = Loop("steady", lambda _context: None, 0.2)
    assert loops.pause_after(loops.Outcome.IDLE, steady, 0.2) == 0.2
