"""Reads from a streaming standby of PostgreSQL, while that is almost as new as the primary.

How new it is needs no clock of another machine. A thread asks the primary again and again for its
position in the write-ahead log, and the standby for the position that it has replayed. When the
standby has replayed what the primary had written at some instant, its data are at least as new as
that instant.

A client reads its own writes. Every write leaves its position in a table of the primary, so that
all web processes know it, and a read asks for it first.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Thread
from time import monotonic
from typing import Final, NamedTuple

import structlog
from sqlalchemy import BigInteger, Connection, bindparam, func, literal_column, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from bursar import clock
from bursar.database.base import Base
from bursar.database.engine import DATABASE_AWAY, Database, insert_for

POLL_SECONDS: Final = 0.1
_SAMPLES: Final = 100
"""Positions of the primary that are remembered: a standby that is further behind is not used."""

_log = structlog.get_logger(__name__)


class ClientWrite(Base):
    """Where the last write of a client ends in the write-ahead log. PostgreSQL does not log this
    table itself: after a crash it is empty, and no standby has its rows."""

    __tablename__ = "client_writes"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)


_POSITION: Final = "pg_wal_lsn_diff({}, '0/0')::bigint"
_PRIMARY: Final = text(f"SELECT {_POSITION.format('pg_current_wal_lsn()')}")
_STANDBY: Final = text(
    f"SELECT pg_is_in_recovery(), {_POSITION.format('pg_last_wal_replay_lsn()')}"
)
_WRITTEN: Final = literal_column(_POSITION.format("pg_current_wal_insert_lsn()"), BigInteger())
_LAST_WRITE: Final = select(ClientWrite.position).where(
    ClientWrite.client_id == bindparam("client_id")
)


class _Sample(NamedTuple):
    position: int
    seconds: float
    """Of the monotonic clock, before the primary was asked."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Freshness:
    """How new the standby is."""

    as_of: datetime
    """Its data are at least as new as this."""
    seconds: float
    """The same instant on the monotonic clock."""
    replayed: int


class Standby:
    def __init__(self, primary: Database, replica: Database, *, most_lag: float) -> None:
        """`most_lag` is how old, in seconds, its data may be. Raises ValueError on SQLite."""
        if primary.is_sqlite or replica.is_sqlite:
            raise ValueError("only PostgreSQL has standbys")
        self.replica = replica
        self._primary = primary
        self._most_lag = most_lag
        self._samples: deque[_Sample] = deque(maxlen=_SAMPLES)
        self._freshness: Freshness | None = None
        self._newest = monotonic()
        self._is_away = False

    @property
    def lag_seconds(self) -> float:
        """How old its data may be. As long as nobody can say, that grows from what was known, or
        from when this process began."""
        fresh = self._freshness
        return monotonic() - (self._newest if fresh is None else fresh.seconds)

    @property
    def serves(self) -> bool:
        """Whether its data are new enough, for clients that have written nothing lately."""
        return self._freshness is not None and self.lag_seconds <= self._most_lag

    def note_write(self, client_id: str) -> None:
        """After a write of this client was committed, and before it is answered."""
        with self._primary.read() as connection:
            inserted = insert_for(connection, ClientWrite).values(
                client_id=client_id, position=_WRITTEN
            )
            newest = func.greatest(ClientWrite.position, inserted.excluded.position)
            connection.execute(
                inserted.on_conflict_do_update(
                    index_elements=["client_id"], set_={"position": newest}
                )
            )

    def as_of(self, connection: Connection, client_id: str) -> datetime | None:
        """How new the standby is for this client, or None when the primary has to serve it: when
        the standby is away, or behind, or lacks a write of this client. `connection` is the
        primary's."""
        fresh = self._freshness
        if fresh is None or not self.serves:
            return None
        last = connection.scalar(_LAST_WRITE, {"client_id": client_id})
        return fresh.as_of if last is None or last <= fresh.replayed else None

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Knows how new the standby is until the block ends."""
        ended = Event()
        thread = Thread(target=self._follow, args=(ended,), name="standby", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self.replica.dispose()

    def _follow(self, ended: Event) -> None:
        while not ended.wait(POLL_SECONDS):
            try:
                self._look()
                self._tell(is_away=False)
            except DATABASE_AWAY as error:
                self._freshness = None
                self._tell(is_away=True, error=error)
            except SQLAlchemyError:
                self._freshness = None
                _log.exception("standby.defect")

    def _look(self) -> None:
        seconds, at = monotonic(), clock.now()
        with self._primary.read() as connection:
            position = connection.execute(_PRIMARY).scalar_one()
        self._samples.append(_Sample(position, seconds, at))
        with self.replica.read() as connection:
            is_standby, replayed = connection.execute(_STANDBY).one()
        reached = [each for each in self._samples if is_standby and each.position <= replayed]
        if reached:
            newest = max(reached, key=lambda each: each.seconds)
            self._freshness = Freshness(newest.at, newest.seconds, replayed)
            self._newest = newest.seconds
        elif not is_standby:
            self._freshness = None

    def _tell(self, *, is_away: bool, error: Exception | None = None) -> None:
        """Once for each time that it goes away, not ten times a second."""
        if is_away and not self._is_away:
            _log.warning("standby.away", error=str(getattr(error, "orig", error)))
        self._is_away = is_away
