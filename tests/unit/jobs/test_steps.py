"""A step waits for a database that is away, until the worker stops."""

from threading import Event

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bursar.jobs import steps


class Stopping(Event):
    """Stands for the worker's event: nobody really waits."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.pauses: list[float | None] = []
        self._after = after

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout)
        return len(self.pauses) > self._after


class Step:
    def __init__(self, failures: int) -> None:
        self.failures = failures

    def __call__(self, answer: str) -> str:
        if self.failures:
            self.failures -= 1
            raise OperationalError("SELECT 1", {}, Exception("gone"))
        return answer


@pytest.fixture
def stopping() -> Stopping:
    return Stopping(after=9)


def test_the_pauses_double_up_to_half_a_minute(stopping: Stopping) -> None:
    with capture_logs() as log:
        assert steps._persistently(stopping, Step(8), "done") == "done"
    assert stopping.pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert [entry["seconds"] for entry in log] == stopping.pauses
    assert {entry["event"] for entry in log} == {"step waits for the database"}
    assert all("gone" in entry["error"] for entry in log)


def test_a_worker_that_stops_interrupts_the_wait(stopping: Stopping) -> None:
    with pytest.raises(steps.Interrupted):
        steps._persistently(stopping, Step(99), "done")
    assert len(stopping.pauses) == 10


def test_another_error_is_the_steps_own(stopping: Stopping) -> None:
    def fail() -> None:
        raise KeyError("missing")

    with pytest.raises(KeyError):
        steps._persistently(stopping, fail)
    assert stopping.pauses == []
