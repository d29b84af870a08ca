"""Spreads requests so that the service's limit is never reached. Time is an argument."""

from collections import deque
from collections.abc import Iterable
from typing import Final

HOUR: Final = 3600.0


class Pace:
    """Counts the requests of the last hour. Half of those that an hour allows are made as they
    come, so that a small catalog is read at once. The others are spread over what is left of it."""

    def __init__(self, per_hour: int, asked: Iterable[float] = ()) -> None:
        self._per_hour = per_hour
        self._asked = deque(sorted(asked))
        """When requests were made, in seconds of the caller's clock."""

    def pause(self, now: float) -> float:
        """Seconds until the next request may be made."""
        while self._asked and self._asked[0] <= now - HOUR:
            self._asked.popleft()
        used = len(self._asked)
        if used < max(1, self._per_hour // 2):
            return 0.0
        until_free = self._asked[0] + HOUR - now
        left = self._per_hour - used
        if left <= 0:
            return until_free
        since_last = now - self._asked[-1]
        return max(0.0, until_free / (left + 1) - since_last)

    def note(self, now: float) -> None:
        self._asked.append(now)
