"""Does something again and again beside a long wait."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog

_log = structlog.get_logger(__name__)


@contextmanager
def repeatedly(seconds: float, work: Callable[[], object]) -> Iterator[None]:
    """Every so many seconds until the block ends; then it does not run any more."""
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
            _log.exception("a claim could not be renewed")
