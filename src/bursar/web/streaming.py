"""Answers that are sent while they are made.

A chunk is made when the client has taken the previous one, so that memory does not grow with the
length of the answer or with a slow client. When the client disconnects, its statement is stopped
and its database connection is discarded.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, suppress
from threading import Lock
from typing import Any, Final, Protocol, TypeVar
from weakref import WeakValueDictionary

import structlog
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bursar.database.engine import Database
from bursar.database.streams import interrupt
from bursar.web.call import DATA_AS_OF, Source
from bursar.web.pace import STREAM_PATIENCE, Pace

log = structlog.get_logger()
_STOP_AGAIN_SECONDS: Final = 0.5

Result = TypeVar("Result")


class Runner(Protocol):
    async def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Runs the function in a thread."""


class ClientGone(Exception):
    """The client has disconnected, or takes what it is sent too slowly."""


class Production:
    """Makes one stream from one snapshot. Its methods block, and may be called from any thread."""

    def __init__(self, database: Database, source: Source) -> None:
        self._database = database
        self._source = source
        self._connection: Connection | None = None
        self._is_stopped = False
        self._turn = Lock()
        self._chunks = self._made()

    def _made(self) -> Generator[bytes, None, None]:
        with self._database.snapshot() as connection:
            self._connection = connection
            try:
                yield from self._source(connection)
            finally:
                self._connection = None
                if self._is_stopped:
                    connection.invalidate()

    def chunk(self) -> bytes | None:
        """The next chunk, or None after the last. Raises what the source raises."""
        with self._turn:
            return None if self._is_stopped else next(self._chunks, None)

    def stop(self) -> None:
        """Ends the stream early and stops its statement. The statement may not have started yet, so
        the call may have to be repeated."""
        self._is_stopped = True
        connection = self._connection
        if connection is not None:
            interrupt(connection)

    def close(self) -> None:
        """Returns the connection to the pool, whatever happened before. Waits for a running
        `chunk`."""
        with self._turn, suppress(SQLAlchemyError):
            self._chunks.close()


class Streaming:
    """A limit that the streams of a process share, so that slow readers cannot hold all
    connections, and within it a limit of each owner, so that one cannot keep the others out."""

    def __init__(self, database: Database, threads: Runner, *, at_once: int, slowest: int) -> None:
        """`slowest` is how many bytes a second a client has to take."""
        self.database = database
        self.threads = threads
        self.slowest = slowest
        self._places = asyncio.Semaphore(at_once)
        self._each = max(1, at_once // 2)
        # An owner is remembered as long as it has streams.
        self._of_owners: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def place(self, owner: str) -> AsyncGenerator[None, None]:
        """A place for one stream of the owner, which waits for it without keeping out others."""
        own = self._of_owners.get(owner) or asyncio.Semaphore(self._each)
        self._of_owners[owner] = own
        async with own, self._places:
            yield


class StreamedResponse(ASGIResponse):
    """`refusal_of` makes an answer of an error before the first chunk, or raises it again."""

    def __init__(
        self,
        streaming: Streaming,
        source: Source,
        refusal_of: Callable[[Exception], ASGIResponse],
        *,
        status: int,
        headers: dict[str, str],
        owner: str = "",
        first: Database | None = None,
    ) -> None:
        """`first` is a standby; when it cannot begin the stream, the primary makes it."""
        # This sends no Content-Length and leaves the headers as they are.
        super().__init__(status_code=status, headers=headers, is_head_response=True)
        self._streaming = streaming
        self._source = source
        self._refusal_of = refusal_of
        self._owner = owner
        self._pace = Pace(streaming.slowest, STREAM_PATIENCE)
        self._first = first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(departure(receive))
        try:
            with suppress(ClientGone):
                async with self._streaming.place(self._owner):
                    await self._send_all(scope, receive, send, gone)
        finally:
            gone.cancel()

    async def _send_all(
        self, scope: Scope, receive: Receive, send: Send, gone: asyncio.Future[None]
    ) -> None:
        production = Production(self._first or self._streaming.database, self._source)
        is_complete = False
        try:
            try:
                chunk = await self._chunk(production, gone)
            except ClientGone:
                raise
            except Exception as error:  # noqa: BLE001 - raised again unless it is a refusal
                if self._first is not None and isinstance(error, SQLAlchemyError):
                    self._first = None
                    self.headers.pop(DATA_AS_OF, None)
                    await self._send_all(scope, receive, send, gone)
                    is_complete = True
                    return
                await self._refusal_of(error)(scope, receive, send)
                is_complete = True
                return
            await self.start_response(send)
            while chunk is not None:
                await send_chunk(send, chunk, self._pace)
                chunk = await self._chunk(production, gone)
            await send_chunk(send, b"", self._pace, more=False)
            is_complete = True
        finally:
            await asyncio.shield(self._end(production, is_complete=is_complete))

    async def _chunk(self, production: Production, gone: asyncio.Future[None]) -> bytes | None:
        """The next chunk. Raises ClientGone as soon as the client disconnects, even while the chunk
        is being made."""
        taken = asyncio.ensure_future(self._streaming.threads.run(production.chunk))
        both: set[asyncio.Future[Any]] = {taken, gone}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        while not taken.done():
            # The first `stop` may have come before the statement started.
            await asyncio.to_thread(production.stop)
            await asyncio.wait({taken}, timeout=_STOP_AGAIN_SECONDS)
        if gone.done():
            with suppress(Exception):
                taken.result()
            raise ClientGone
        return taken.result()

    async def _end(self, production: Production, *, is_complete: bool) -> None:
        if not is_complete:
            await asyncio.to_thread(production.stop)
        await self._streaming.threads.run(production.close)


async def send_chunk(send: Send, body: bytes, pace: Pace, *, more: bool = True) -> None:
    """Returns when the server can take more. Raises ClientGone for a client that is too slow."""
    message: Any = {"type": "http.response.body", "body": body, "more_body": more}
    try:
        await pace.part(send(message), lambda _: len(body))
    except TimeoutError:
        log.warning("stream.cut", reason="its reader is too slow")
        raise ClientGone from None


async def departure(receive: Receive) -> None:
    """Returns when the client has disconnected. What is left of its request is discarded."""
    while (await receive())["type"] != "http.disconnect":
        pass
