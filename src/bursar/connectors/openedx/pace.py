"""Keeps requests to so many a minute: all at once if need be, but never more within any minute."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from bursar.connectors.openedx.client import Sleep

MINUTE: Final = 60.0


class Pace:
    def __init__(
        self, per_minute: int, sleep: Sleep, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._asked: deque[float] = deque(maxlen=per_minute)
        """When the last requests were allowed, the oldest first."""
        self._per_minute = per_minute
        self._sleep = sleep
        self._monotonic = monotonic

    def wait(self) -> None:
        """Until one more request is allowed, which counts from then on."""
        now = self._monotonic()
        if len(self._asked) == self._per_minute:
            pause = self._asked[0] + MINUTE - now
            if pause > 0:
                self._sleep(pause)
                now += pause
        self._asked.append(now)
