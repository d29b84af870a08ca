"""How long the server waits for a client that sends its body, or takes a long answer, slowly."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

Result = TypeVar("Result")

BODY_PATIENCE: Final = 30.0
STREAM_PATIENCE: Final = 60.0
"""Seconds. They hold for a client that moves nothing at all. Of one that is half as fast as it has
to be, twice as many pass."""


class Pace:
    """Of one transfer. Each second in which the client was waited for has to be earned by as many
    bytes as the rate says. What is owed may not be more than the patience; nothing is saved up, so
    a fast beginning allows no slow end. The time in which the server makes the next part is not
    the client's."""

    def __init__(
        self, rate: int, patience: float, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`rate` in bytes a second, `patience` in seconds."""
        self._rate = rate
        self._patience = patience
        self._monotonic = monotonic
        self._owed = 0.0

    async def part(self, moving: Awaitable[Result], size_of: Callable[[Result], int]) -> Result:
        """Waits until the client has sent or taken a part. Raises TimeoutError when it is too
        slow."""
        began = self._monotonic()
        async with asyncio.timeout(self._patience - self._owed):
            moved = await moving
        waited = self._monotonic() - began
        self._owed = max(0.0, self._owed + waited - size_of(moved) / self._rate)
        if self._owed > self._patience:
            raise TimeoutError
        return moved
