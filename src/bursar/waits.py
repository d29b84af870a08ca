"""How many wait for something of which there are only so many, such as threads, and how long."""

from collections.abc import Callable
from threading import Lock
from time import perf_counter
from typing import Final

SHORTEST_SECONDS: Final = 0.001
"""Taking what is free takes less. Shorter waits are not told, so that they cost next to nothing."""


def _tell_nobody(_seconds: float) -> None:
    """What is done about a wait that nobody wants to know of."""


class Waits:
    """Those for one kind of thing, in one process. Any number of threads may use it."""

    def __init__(self, observe: Callable[[float], None] = _tell_nobody) -> None:
        """`observe` is told the seconds of each wait that has ended."""
        self._observe = observe
        self._lock = Lock()
        self.waiting = 0
        """How many wait now."""

    def begin(self) -> float:
        """Returns what `end` wants to be given."""
        with self._lock:
            self.waiting += 1
        return perf_counter()

    def end(self, begun: float) -> None:
        """Also when what was waited for never came."""
        with self._lock:
            self.waiting -= 1
        seconds = perf_counter() - begun
        if seconds >= SHORTEST_SECONDS:
            self._observe(seconds)
