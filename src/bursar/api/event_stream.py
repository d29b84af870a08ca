"""A stream of events to one listener: what is in the log, then what the follower tells."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from bursar.api.event_follower import Follower, Listener, Wanted, frame_of
from bursar.database.engine import Database
from bursar.events.cursors import cursor_of
from bursar.events.log import CursorAhead, CursorTooOld, LogPage, read_log

COMMENT_SECONDS: Final = 15.0
EACH_READ: Final = 200


class EventFeed:
    """A `bursar.web.call.Feed`."""

    def __init__(
        self, follower: Follower, database: Database, wanted: Wanted, position: int
    ) -> None:
        self._follower = follower
        self._database = database
        self._wanted = wanted
        self._position = position
        self._listener: Listener | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[AsyncIterator[bytes]]:
        async with self._follower.listening(self._wanted) as listener:
            self._listener = listener
            yield self._chunks(listener)

    def stop(self) -> None:
        if self._listener is not None:
            self._listener.end()

    async def _chunks(self, listener: Listener) -> AsyncIterator[bytes]:
        # Whoever is cut off before the first event knows where to go on.
        yield self._sign_of_life()
        reads = True
        while not listener.is_ended:
            if reads or listener.has_missed:
                listener.take()
                try:
                    page = await self._follower.threads.run(self._read)
                except (CursorTooOld, CursorAhead, SQLAlchemyError):
                    return  # Who connects again is told why.
                self._position, reads = page.after, page.has_more
                chunk = b"".join(map(frame_of, page.events))
            else:
                chunk = self._told(listener)
                if not chunk and not listener.has_missed and not await self._waited(listener):
                    chunk = self._sign_of_life()
            if chunk:
                yield chunk

    async def _waited(self, listener: Listener) -> bool:
        return await listener.changed(COMMENT_SECONDS) or listener.is_ended

    def _read(self) -> LogPage:
        with self._database.read() as connection:
            return read_log(
                connection,
                after=self._position,
                enterprise_uuid=self._wanted.enterprise_uuid,
                types=self._wanted.types,
                limit=EACH_READ,
            )

    def _told(self, listener: Listener) -> bytes:
        if listener.has_missed:
            return b""
        told = [each for each in listener.take() if each.position > self._position]
        # There may be nothing for this listener up to where the follower is.
        self._position = max(self._position, self._follower.position)
        return b"".join(each.frame for each in told)

    def _sign_of_life(self) -> bytes:
        """A comment, with the cursor of what was passed without an event for this listener."""
        return b":\nid: %b\n\n" % cursor_of(self._position).encode()
