"""Gives committed events their places in the log.

On PostgreSQL, ids are in the order in which events were written, and not in that of commits: a
reader who follows ids would never see an event that commits late. So whoever reads the log first
gives positions to all committed events that have none. Only one transaction at a time does so, and
positions therefore become visible in their order, on a standby too.

Two events of one object keep their order. The second is written after the first was committed,
because its transaction waited for the object's row. So whoever sees the second sees the first too,
and among those that are placed together the lower id comes first.
"""

from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final, cast

from sqlalchemy import Connection, Table, exists, func, select, update
from sqlalchemy.orm import Session

from bursar.database.bulk import bulk_insert
from bursar.database.engine import Database
from bursar.database.horizon import Horizon, horizon
from bursar.database.troubles import DatabaseBusy, DatabaseReadOnly
from bursar.database.types import AnyRow
from bursar.events.models import EventPosition, EventRecord, EventSequence

BATCH: Final = 5_000

_sequence: Final = EventSequence.__table__.c
_event: Final = EventRecord.__table__.c
_SEQUENCE: Final = cast("Table", EventSequence.__table__)
_LONG: Final = 0.05
"""Seconds that a search in vain may take before the next one has to wait."""
_SHARE: Final = 10
_LONGEST_REST: Final = 2.0
_IS_BEHIND: Final = select(select(func.max(_event.id)).scalar_subquery() > _sequence.placed_to)


class Sequencer:
    """Gives places when somebody wants to read the log, in a worker or before an answer.

    May be used by several threads. Long searches that neither find nor pass anything, as behind a
    transaction that stays open for minutes, take a tenth of the time.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rests_until = 0.0

    def place(self) -> int:
        """Places what is committed by now, at most BATCH events, unless another is at it. Returns
        how many it placed. Without news it costs one short read."""
        started = monotonic()
        if started < self._rests_until or not self._is_behind():
            return 0
        done = _Search(placed=0, is_in_vain=True)
        # A long write of another process, or a server that became read-only: readers get what has
        # its place already.
        with suppress(DatabaseBusy, DatabaseReadOnly), self._database.transaction() as session:
            done = _search(session)
        took = monotonic() - started
        if done.is_in_vain and took > _LONG:
            self._rests_until = monotonic() + min(_SHARE * took, _LONGEST_REST)
        return done.placed

    def _is_behind(self) -> bool:
        with self._database.read() as connection:
            return is_behind(connection)


def is_behind(connection: Connection) -> bool:
    """Whether there are events that the search for those without a place has not passed yet."""
    return bool(connection.execute(_IS_BEHIND).scalar_one())


def sequence(session: Session) -> int:
    """Places committed public events, at most BATCH. Returns how many it placed.

    Does nothing while another transaction is at it. Needs a transaction of its own, in which each
    statement sees what is committed by then (READ COMMITTED), and that has written nothing yet.
    """
    return _search(session).placed


@dataclass(frozen=True, slots=True)
class _Search:
    placed: int
    is_in_vain: bool
    """Whether the next one has to look at the same events again. One that moved the mark is not in
    vain, however slow the disk was: the next reader must not be kept from what is written now."""


def _search(session: Session) -> _Search:
    # Asked before the lock gives this transaction its number: the transaction of this id, and those
    # of lower ids, have lower numbers.
    highest = session.execute(select(func.coalesce(func.max(_event.id), 0))).scalar_one()
    row = session.execute(select(*_sequence).with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return _Search(placed=0, is_in_vain=True)
    # Asked before the events are: whoever has ended by now is seen by the next statement.
    before = horizon(session.connection())
    found = _without_place(session, row.placed_to)
    _place(session, row.last_position, found)
    moved = _moved(row, found, before, highest)
    if found:
        moved["last_position"] = row.last_position + len(found)
    if moved:
        session.execute(update(_SEQUENCE).values(moved))
    return _Search(placed=len(found), is_in_vain=not moved)


def _without_place(session: Session, after: int) -> list[AnyRow]:
    """Only public ones: a batch that is full of others would be found again for ever."""
    statement = (
        select(_event.id, _event.enterprise_uuid, _event.type)
        .where(
            _event.id > after,
            _event.is_public,
            # What an old event showed is forgotten.
            _event.data.is_not(None),
            ~exists().where(EventPosition.event_id == _event.id),
        )
        .order_by(_event.id)
        .limit(BATCH)
    )
    return list(session.execute(statement))


def _place(session: Session, last: int, events: list[AnyRow]) -> None:
    rows = [
        {
            "position": position,
            "event_id": event.id,
            "enterprise_uuid": event.enterprise_uuid,
            "type": event.type,
        }
        for position, event in enumerate(events, last + 1)
    ]
    bulk_insert(session, EventPosition, rows)


def _moved(row: AnyRow, found: list[AnyRow], before: Horizon, highest: int) -> dict[str, int]:
    """How the search for events without a place begins later next time.

    An id up to `mark_id` belongs to a transaction before `mark_transaction`, because storing.py
    takes the number of the transaction before the id. Once these have all ended, everything up to
    the mark is visible, and placed now, as far as this batch went.
    """
    new_mark = {"mark_id": highest, "mark_transaction": before.own}
    if before.own < row.mark_transaction:
        # A server that has not had this number yet was restored from a dump. Its transactions are
        # numbered anew, so that the old mark would be waited for without end.
        return new_mark
    if before.oldest < row.mark_transaction:
        return {}
    reached = found[-1].id if len(found) == BATCH else row.mark_id
    placed_to = max(row.placed_to, min(row.mark_id, reached))
    if placed_to < row.mark_id:
        return {"placed_to": placed_to}
    return {"placed_to": placed_to, **new_mark}
