"""Answers that are sent while they are made.

A chunk is made when the client has taken the one before: memory stays the same however long the
answer and however slow its reader. When the client goes away, the statement that runs for it is
stopped and its connection given up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from threading import Lock
from typing import Any, Final, Protocol, TypeVar

from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bursar.database.engine import Database
from bursar.database.streams import interrupt
from bursar.web.call import Source
from bursar.web.errors import Refusal

STALL_SECONDS: Final = 60.0
"""A client that takes nothing for so long is one that went away."""
WAIT_SECONDS: Final = 60.0
"""For another stream to end, when as many run as may."""
_RETRY_SECONDS: Final = 0.5

Result = TypeVar("Result")
Refuse = Callable[[Exception], ASGIResponse]


class Runner(Protocol):
    async def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """In a thread."""


class ClientGone(Exception):
    """Nobody is left to send anything to."""


class Production:
    """The making of one stream. Its methods block, and may be called from any thread."""

    def __init__(self, database: Database, source: Source) -> None:
        self._database = database
        self._source = source
        self._connection: Connection | None = None
        self._is_stopped = False
        self._turn = Lock()
        self._chunks = self._made()

    def _made(self) -> Iterator[bytes]:
        with self._database.snapshot() as connection:
            self._connection = connection
            try:
                yield from self._source(connection)
            finally:
                self._connection = None
                if self._is_stopped:
                    connection.invalidate()

    def chunk(self) -> bytes | None:
        """The next one, None after the last. Raises what the source raises."""
        with self._turn:
            return None if self._is_stopped else next(self._chunks, None)

    def stop(self) -> None:
        """Ends early, the running statement too. What it was making raises or comes to nothing."""
        self._is_stopped = True
        connection = self._connection
        if connection is not None:
            interrupt(connection)

    def close(self) -> None:
        """Gives the connection back. To be called once, whatever happened; waits for `chunk`."""
        with self._turn, suppress(SQLAlchemyError):
            self._chunks.close()  # type: ignore[attr-defined]  # a generator


class Streaming:
    """What all streams of a process share. Not all connections may be held by slow readers."""

    def __init__(self, database: Database, threads: Runner, *, at_once: int) -> None:
        self.database = database
        self.threads = threads
        self.places = asyncio.Semaphore(at_once)


class StreamedResponse(ASGIResponse):
    """`refuse` answers for what is raised before the first chunk, or raises it again."""

    def __init__(
        self,
        streaming: Streaming,
        source: Source,
        refuse: Refuse,
        status: int,
        headers: dict[str, str],
    ) -> None:
        super().__init__(status_code=status, headers=headers, is_head_response=True)
        self._streaming = streaming
        self._source = source
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_leaving(receive))
        try:
            await asyncio.wait_for(self._streaming.places.acquire(), WAIT_SECONDS)
        except TimeoutError:
            busy = Refusal("Too many downloads.", status=503, headers={"Retry-After": "10"})
            await self._refuse(busy)(scope, receive, send)
            return
        finally:
            if self._streaming.places.locked() and gone.done():
                pass
        try:
            await self._run(scope, receive, send, gone)
        finally:
            self._streaming.places.release()
            gone.cancel()
