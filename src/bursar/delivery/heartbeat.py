"""Repeats some work in a thread while the caller waits for something else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog

_log = structlog.get_logger(__name__)


@contextmanager
def repeatedly(seconds: float, work: Callable[[], object]) -> Iterator[None]:
    """Does the work every so many seconds until the block ends. It never runs after the block."""
    ended = Event()
    thread = Thread(target=_beat, args=(ended, seconds, work), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _beat(ended: Event, seconds: float, work: Callable[[], object]) -> None:
    while not ended.wait(seconds):
        try:
            work()
        except Exception:  # noqa: BLE001 - the next beat tries again
            _log.exception("a lease could not be renewed")
