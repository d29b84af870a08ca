"""Shares the threads that write between callers, so that those who wait for a lock leave some to
the others."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from bursar.web.errors import Refusal

BUSY: Final = "Another change holds what this request needs. Nothing was changed; send it again."


@dataclass(slots=True)
class Turn:
    """One write. Whoever runs it says how it ended."""

    was_busy: bool = False
    """Whether it waited for a lock in vain."""


@dataclass(slots=True)
class _Queue:
    """The writes of one key. It is forgotten when there are none left."""

    running: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    is_stuck: bool = False
    """Whether the last write that ended had waited for a lock in vain."""


class Turns:
    """Of the writes with one key, such as those of one client on one object, at most half of
    `places` run at once. After one that waited for a lock in vain, they run one by one until one
    of them does not.

    For use in one event loop.
    """

    def __init__(self, places: int, *, stuck_seconds: float) -> None:
        """`stuck_seconds` is how long a write waits behind others that wait for a lock."""
        self._share = max(1, places // 2)
        self._stuck_seconds = stuck_seconds
        self._queues: dict[Hashable, _Queue] = {}

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[Turn]:
        """Waits for the turn. Raises Refusal with 503 when those before are stuck."""
        queue = self._queues.setdefault(key, _Queue())
        try:
            await self._enter(queue)
            turn = Turn()
            try:
                yield turn
                queue.is_stuck = turn.was_busy
            finally:
                self._leave(queue)
        finally:
            if not queue.running and not queue.waiting:
                self._queues.pop(key, None)

    async def _enter(self, queue: _Queue) -> None:
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.waiting.append(mine)
        self._wake(queue)
        try:
            while not mine.done():
                await asyncio.wait({mine}, timeout=self._stuck_seconds)
                if queue.is_stuck and not mine.done():
                    raise Refusal(BUSY, status=503, headers={"Retry-After": "1"})
        except BaseException:
            # Its turn may have come at the moment in which the request was given up.
            if mine.done():
                self._leave(queue)
            else:
                queue.waiting.remove(mine)
            raise

    def _leave(self, queue: _Queue) -> None:
        queue.running -= 1
        self._wake(queue)

    def _wake(self, queue: _Queue) -> None:
        allowed = 1 if queue.is_stuck else self._share
        while queue.waiting and queue.running < allowed:
            queue.running += 1
            queue.waiting.popleft().set_result(None)
