"""One follower of the log for each web process, however many listen.

It looks a few times a second for new events of the enterprises that somebody listens to, in one
thread, and hands them on within the event loop. A listener costs no thread, no connection and no
statement while it waits.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec
import structlog

from bursar.database.engine import DATABASE_AWAY, Database
from bursar.database.types import AnyRow
from bursar.events.cursors import cursor_of
from bursar.events.log import (
    CursorAhead,
    CursorTooOld,
    LogPage,
    newest_position,
    read_log_of,
)
from bursar.events.sequencing import Sequencer
from bursar.events.wire import wire
from bursar.web.errors import Refusal
from bursar.web.streaming import Runner

FAST_SECONDS: Final = 0.1
SLOW_SECONDS: Final = 0.5
"""Between two looks: after one that found something, and when nothing happens."""
EACH_LOOK: Final = 1_000
MOST_PENDING: Final = 1_000
"""Events that are kept for a slow listener. One that is slower reads the log itself."""
MOST_LISTENERS: Final = 2_000
MOST_OF_CLIENT: Final = MOST_LISTENERS * 3 // 4
"""So that one client cannot keep the others out."""
_FULL: Final = "Too many clients listen for events at the moment. Ask without waiting, or later."

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    client_id: str
    enterprise_uuid: UUID
    types: frozenset[str] = frozenset()
    """Empty: every type."""


@dataclass(frozen=True, slots=True)
class SentEvent:
    """As every listener's stream has it."""

    position: int
    type: str
    frame: bytes


class Listener:
    """What happened and was not taken yet. Begins with what follows `Follower.position`."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.has_missed = False
        """Whether events were dropped because there were too many."""
        self.is_ended = False
        self._pending: list[SentEvent] = []
        self._woken = asyncio.Event()

    def tell(self, events: Sequence[SentEvent]) -> None:
        types = self.wanted.types
        mine = [each for each in events if each.type in types] if types else events
        if not mine:
            return
        if len(self._pending) + len(mine) > MOST_PENDING:
            self.miss()
        else:
            self._pending.extend(mine)
            self._woken.set()

    def miss(self) -> None:
        self._pending.clear()
        self.has_missed = True
        self._woken.set()

    def take(self) -> list[SentEvent]:
        taken, self._pending = self._pending, []
        self.has_missed = False
        return taken

    def end(self) -> None:
        self.is_ended = True
        self._woken.set()

    async def changed(self, seconds: float) -> bool:
        """Waits until there is something. False after that time, or when listening is over."""
        try:
            async with asyncio.timeout(max(seconds, 0.0)):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return not self.is_ended


class Follower:
    """For use in one event loop."""

    def __init__(
        self,
        database: Database,
        sequencer: Sequencer,
        threads: Runner,
        is_ending: Callable[[], bool],
    ) -> None:
        """`is_ending` says whether the server is about to stop: then nobody may listen on."""
        self.threads = threads
        self.position = 0
        """Listeners have been told of everything up to here."""
        self._database = database
        self._sequencer = sequencer
        self._is_ending = is_ending
        self._listeners: defaultdict[UUID, set[Listener]] = defaultdict(set)
        self._of_clients: defaultdict[str, int] = defaultdict(int)
        self._turn = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def listening(self, wanted: Wanted) -> AsyncIterator[Listener]:
        """Whoever reads the log after it has entered here misses nothing between what it reads and
        what it is told. Raises Refusal with 503 when too many listen."""
        self._refuse_too_many(wanted.client_id)
        self._of_clients[wanted.client_id] += 1
        listener = Listener(wanted)
        try:
            # Not during a look: it has asked for the events of others only.
            async with self._turn:
                await self._begin()
                self._listeners[wanted.enterprise_uuid].add(listener)
            yield listener
        finally:
            self._leave(listener)

    def _refuse_too_many(self, client_id: str) -> None:
        theirs = self._of_clients.get(client_id, 0)
        if theirs >= MOST_OF_CLIENT or sum(self._of_clients.values()) >= MOST_LISTENERS:
            raise Refusal(_FULL, status=503, headers={"Retry-After": "10"})

    def _leave(self, listener: Listener) -> None:
        wanted = listener.wanted
        self._of_clients[wanted.client_id] -= 1
        if not self._of_clients[wanted.client_id]:
            del self._of_clients[wanted.client_id]
        theirs = self._listeners.get(wanted.enterprise_uuid, set())
        theirs.discard(listener)
        if not theirs:
            self._listeners.pop(wanted.enterprise_uuid, None)

    async def _begin(self) -> None:
        if self._following is None or self._following.done():
            self.position = await self.threads.run(self._newest)
            self._following = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        """Ends when nobody listens."""
        pause = FAST_SECONDS
        while self._listeners:
            await asyncio.sleep(pause)
            if self._is_ending():
                for listener in self._everybody():
                    listener.end()
            async with self._turn:
                found = await self._looked()
            pause = FAST_SECONDS if found else min(2 * pause, SLOW_SECONDS)

    async def _looked(self) -> bool:
        """Whether something happened. What goes wrong must not end the following: listeners would
        wait for nothing."""
        try:
            return await self._look_and_tell() > 0
        except (CursorTooOld, CursorAhead) as error:
            # The database was restored from a backup, or all of the log was forgotten.
            self.position = error.oldest if isinstance(error, CursorTooOld) else 0
            for listener in self._everybody():
                listener.miss()
        except DATABASE_AWAY as error:
            _log.warning("events.not_followed", error=str(getattr(error, "orig", error)))
        except Exception:  # noqa: BLE001 - the next look may succeed
            _log.exception("events.not_followed")
        return False

    def _everybody(self) -> list[Listener]:
        return [each for listeners in self._listeners.values() for each in listeners]

    async def _look_and_tell(self) -> int:
        enterprises = list(self._listeners)
        if not enterprises:
            return 0
        page = await self.threads.run(self._look, self.position, enterprises)
        by_enterprise = await self.threads.run(_framed, page.events) if page.events else {}
        for enterprise_uuid, events in by_enterprise.items():
            for listener in tuple(self._listeners.get(enterprise_uuid, ())):
                listener.tell(events)
        self.position = page.after
        return len(page.events)

    def _newest(self) -> int:
        with self._database.read() as connection:
            return newest_position(connection)

    def _look(self, after: int, enterprises: Sequence[UUID]) -> LogPage:
        self._sequencer.place()
        with self._database.read() as connection:
            return read_log_of(connection, after=after, enterprises=enterprises, limit=EACH_LOOK)


def _framed(rows: Sequence[AnyRow]) -> dict[UUID, list[SentEvent]]:
    """By enterprise. The bytes are made once for all listeners."""
    found: defaultdict[UUID, list[SentEvent]] = defaultdict(list)
    for row in rows:
        found[row.enterprise_uuid].append(SentEvent(row.position, row.type, frame_of(row)))
    return found


def frame_of(row: AnyRow) -> bytes:
    """One event of a stream: JSON has no line breaks of its own."""
    cursor = cursor_of(row.position)
    return b"id: %b\ndata: %b\n\n" % (cursor.encode(), msgspec.json.encode(wire(row, cursor)))
