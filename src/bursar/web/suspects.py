"""A slow lane for callers that fail again and again, where each of their requests is dear.

What they send runs one at a time, and then the lane rests for several times as long as that took.
So a flood gets a small share of one core of this process, however busy the machine is.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from cachetools import TTLCache

from bursar.web.errors import Throttled

FAILURES_BEFORE: Final = 3
"""Of one caller, within the time for which they are remembered, before it is a suspect."""
REMEMBERED_SECONDS: Final = 60
RESTS: Final = 4
"""How many times as long as a request took, the lane rests after it."""
MOST_WAITING: Final = 8
"""More suspects than these are refused, since they would take the places of others."""
_MOST_CALLERS: Final = 10_000


class Suspects:
    """For use in one event loop."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        rest: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._monotonic = monotonic
        self._rest = rest
        self._failures: TTLCache[str, int] = TTLCache(
            _MOST_CALLERS, REMEMBERED_SECONDS, timer=monotonic
        )
        self._lane = asyncio.Lock()
        self._waiting = 0
        self._rested_at = 0.0

    def note_failure(self, caller: str) -> None:
        self._failures[caller] = self._failures.get(caller, 0) + 1

    @asynccontextmanager
    async def lane(self, caller: str) -> AsyncIterator[None]:
        """For who is no suspect there is none. Raises Throttled when too many wait."""
        if self._failures.get(caller, 0) < FAILURES_BEFORE:
            yield
            return
        if self._waiting >= MOST_WAITING:
            raise Throttled(1)
        self._waiting += 1
        try:
            async with self._lane:
                await self._rest(self._rested_at - self._monotonic())
                began = self._monotonic()
                try:
                    yield
                finally:
                    ended = self._monotonic()
                    self._rested_at = ended + RESTS * (ended - began)
        finally:
            self._waiting -= 1
