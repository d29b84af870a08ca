"""Work that a worker repeats while it runs, each kind in its own thread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from threading import Thread
from time import monotonic

import structlog
from sqlalchemy.exc import DBAPIError

from bursar.database.engine import DATABASE_AWAY
from bursar.jobs.context import JobContext

LONGEST_PAUSE_SECONDS = 30.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Loop:
    name: str
    function: Callable[[JobContext], object]
    """The work. It must return soon after `stopping` of the context is set."""
    seconds: float
    """Seconds between the end of one run and the beginning of the next."""
    idle_seconds: float | None = None
    """Where it is given, the function returns how much it has done, and the pauses grow up to this
    while that is nothing."""


class Outcome(Enum):
    """Of one run of a loop."""

    FAILED = auto()
    IDLE = auto()
    DONE = auto()


class RunningLoops:
    """The running loops of a worker. An error does not end a loop: it is logged, and the pauses
    grow until a run succeeds."""

    def __init__(self, loops: Sequence[Loop], context: JobContext) -> None:
        self._context = context
        self._ran_at = monotonic()
        self._threads = [
            Thread(target=self._run, args=(loop,), name=f"loop {loop.name}", daemon=True)
            for loop in loops
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def silent_seconds(self) -> float:
        """Since one of the loops has ended a run."""
        return monotonic() - self._ran_at

    def join(self, seconds: float) -> None:
        """Waits for the threads, after `stopping` was set. A thread that takes longer ends with the
        process."""
        deadline = monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))
            if thread.is_alive():
                _log.warning("still running when the worker stopped", thread=thread.name)

    def _run(self, loop: Loop) -> None:
        pause = loop.seconds
        while not self._context.stopping.wait(pause):
            pause = pause_after(_outcome(loop, self._context), loop, pause)
            self._ran_at = monotonic()


def pause_after(outcome: Outcome, loop: Loop, pause: float) -> float:
    if outcome is Outcome.FAILED:
        return _longer(pause)
    if outcome is Outcome.IDLE and loop.idle_seconds is not None:
        return _longer(pause, loop.idle_seconds)
    return loop.seconds


def _longer(pause: float, longest: float | None = None) -> float:
    return min(max(2 * pause, 0.1), longest or LONGEST_PAUSE_SECONDS)


def _outcome(loop: Loop, context: JobContext) -> Outcome:
    try:
        return Outcome.DONE if loop.function(context) else Outcome.IDLE
    except DATABASE_AWAY as error:
        # The log must not contain the statement, because its parameters may be personal data.
        reason = error.orig if isinstance(error, DBAPIError) else error
        _log.warning("loop waits for the database", loop=loop.name, error=str(reason))
        return Outcome.FAILED
    except Exception:  # noqa: BLE001 - the next run may succeed
        _log.exception("loop failed", loop=loop.name)
        return Outcome.FAILED
