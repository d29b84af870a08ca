"""Reads the log: events in the order of their positions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select, update
from sqlalchemy.orm import Session

from bursar.database.engine import insert_for
from bursar.database.types import AnyRow
from bursar.events.models import EventPosition, EventReader, EventRecord, EventSequence

SCANNED: Final = 20_000
"""Positions that one call looks at, so that a rare type does not make it long."""

_place: Final = EventPosition.__table__.c
_event: Final = EventRecord.__table__.c
_sequence: Final = EventSequence.__table__.c


class CursorTooOld(Exception):
    """What comes after the cursor is forgotten."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"events up to position {oldest} are forgotten")
        self.oldest = oldest
        """The cursor from which everything that is kept follows."""


@dataclass(frozen=True, slots=True)
class LogPage:
    events: Sequence[AnyRow]
    """The columns of EventRecord, and `position`."""
    after: int
    """The position from which to go on."""
    has_more: bool


def newest_position(connection: Connection) -> int:
    newest: int = connection.execute(select(_sequence.last_position)).scalar_one()
    return newest


def read_log(
    connection: Connection,
    *,
    after: int | None,
    enterprise_uuid: UUID | None = None,
    types: Collection[str] = (),
    limit: int,
) -> LogPage:
    """The next events of an enterprise, or of all; of these types, or of every type. `after` is
    None for the oldest that is kept. Raises CursorTooOld.

    Two statements. The end is read first, so that a page never goes past what is complete.
    """
    state = connection.execute(select(_sequence.last_position, _sequence.forgotten_to)).one()
    begin = state.forgotten_to if after is None else after
    if begin < state.forgotten_to:
        raise CursorTooOld(state.forgotten_to)
    end = min(state.last_position, begin + SCANNED) if types else state.last_position
    rows = _rows(connection, _conditions(begin, end, enterprise_uuid, types), limit + 1)
    if len(rows) > limit:
        return LogPage(rows[:limit], rows[limit - 1].position, has_more=True)
    return LogPage(rows, max(begin, end), has_more=end < state.last_position)


def _conditions(
    begin: int, end: int, enterprise_uuid: UUID | None, types: Collection[str]
) -> list[ColumnElement[bool]]:
    conditions = [_place.position > begin, _place.position <= end]
    if enterprise_uuid is not None:
        conditions.append(_place.enterprise_uuid == enterprise_uuid)
    if types:
        conditions.append(_place.type.in_(sorted(types)))
    return conditions


def _rows(
    connection: Connection, conditions: list[ColumnElement[bool]], limit: int
) -> Sequence[AnyRow]:
    statement = (
        select(_place.position, *_event)
        .join_from(EventPosition, EventRecord, _event.id == _place.event_id)
        .where(*conditions)
        .order_by(_place.position)
        .limit(limit)
    )
    return connection.execute(statement).all()


def read_new(session: Session, reader: str, types: Collection[str], limit: int) -> LogPage | None:
    """What a reader inside has not read yet. Its place moves with the caller's transaction, so
    that what it makes of the events is made once. None while another transaction reads for it.

    A reader that is new begins at the end of the log.
    """
    connection = session.connection()
    first = insert_for(session, EventReader).values(
        name=reader, position=newest_position(connection)
    )
    connection.execute(first.on_conflict_do_nothing(index_elements=["name"]))
    mine = select(EventReader.position).where(EventReader.name == reader)
    place = connection.execute(mine.with_for_update(skip_locked=True)).scalar_one_or_none()
    if place is None:
        return None
    try:
        page = read_log(connection, after=place, types=types, limit=limit)
    except CursorTooOld as error:
        # It rested for longer than events are kept. What is left is all that it can be given.
        page = read_log(connection, after=error.oldest, types=types, limit=limit)
    moved = update(EventReader).where(EventReader.name == reader).values(position=page.after)
    session.execute(moved)
    return page
