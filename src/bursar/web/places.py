"""Bounds how many requests wait for what is scarce, so that nobody waits long behind a flood."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bursar.web.errors import Refusal, Throttled

FULL: Final = "Too many requests wait for this at the moment. Send it again in a second."


class Places:
    """Of `count` places, one caller may take at most half.

    For use in one event loop.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._share = max(1, count // 2)
        self._taken: Counter[str] = Counter()

    @contextmanager
    def place(self, caller: str) -> Iterator[None]:
        """Raises Throttled when the caller has its share, and Refusal with 503 when there is no
        place left. Neither waits."""
        if self._taken[caller] >= self._share:
            raise Throttled(1)
        if self._taken.total() >= self._count:
            raise Refusal(FULL, status=503, headers={"Retry-After": "1"})
        self._taken[caller] += 1
        try:
            yield
        finally:
            self._taken[caller] -= 1
            if not self._taken[caller]:
                del self._taken[caller]
