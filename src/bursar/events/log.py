"""Reads the log: events in the order of their positions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Text, cast, select, update
from sqlalchemy.orm import Session

from bursar.database.bulk import is_any_of_given
from bursar.database.engine import insert_for
from bursar.database.types import AnyRow
from bursar.events.models import EventPosition, EventReader, EventRecord, EventSequence

SCANNED: Final = 20_000
"""Events that one call looks at, so that a rare type does not make it long."""

_place: Final = EventPosition.__table__.c
_event: Final = EventRecord.__table__.c
_sequence: Final = EventSequence.__table__.c
_ROWS: Final = select(
    _place.position,
    _place.type,
    _place.enterprise_uuid,
    _event.uuid,
    _event.object_type,
    _event.object_id,
    _event.version,
    _event.at,
    _event.actor_kind,
    _event.actor,
    _event.request_id,
    # It is sent as it is: parsing it would take longer than everything else.
    cast(_event.data, Text).label("data"),
).join_from(EventPosition, EventRecord, _event.id == _place.event_id)
_STATE: Final = select(_sequence.last_position, _sequence.forgotten_to)


class CursorTooOld(Exception):
    """What comes after the cursor is forgotten."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"events up to position {oldest} are forgotten")
        self.oldest = oldest
        """The cursor from which everything that is kept follows."""


class CursorAhead(Exception):
    """The cursor is behind the end of the log: it is of another installation, or of a database
    that was restored from a backup since."""


@dataclass(frozen=True, slots=True)
class LogPage:
    events: Sequence[AnyRow]
    """`position`, and the columns of EventRecord that readers are shown; `data` is text."""
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
    None for the oldest that is kept. Raises CursorTooOld and CursorAhead.

    Two statements; a third for some types of one enterprise in a log that is much longer. The end
    is read first, so that a page never goes past what is complete.
    """
    begin, newest = _begin(connection, after)
    end = _looked_to(connection, begin, newest, enterprise_uuid) if types else newest
    conditions = [_place.position > begin, _place.position <= end]
    rows = _rows(connection, [*conditions, *_wanted(enterprise_uuid, types)], limit + 1)
    return _page(rows, limit, end, has_more=end < newest)


def _looked_to(
    connection: Connection, begin: int, newest: int, enterprise_uuid: UUID | None
) -> int:
    """How far a call looks for its types. What happens in other enterprises does not count: else
    a reader of a quiet one would be given empty pages of a busy installation."""
    if newest - begin <= SCANNED:
        return newest
    if enterprise_uuid is None:
        return begin + SCANNED
    last = (
        select(_place.position)
        .where(
            _place.enterprise_uuid == enterprise_uuid,
            _place.position > begin,
            _place.position <= newest,
        )
        .order_by(_place.position)
        .offset(SCANNED - 1)
        .limit(1)
    )
    position: int | None = connection.execute(last).scalar_one_or_none()
    return newest if position is None else position


def read_newest(
    connection: Connection,
    *,
    enterprise_uuid: UUID | None = None,
    types: Collection[str] = (),
    limit: int,
) -> LogPage:
    """The last events that there are, oldest first. Looks at the whole log for a rare type."""
    _, newest = _begin(connection, None)
    wanted = [_place.position <= newest, *_wanted(enterprise_uuid, types)]
    statement = _ROWS.where(*wanted).order_by(_place.position.desc()).limit(limit)
    return LogPage(connection.execute(statement).all()[::-1], newest, has_more=False)


def _wanted(enterprise_uuid: UUID | None, types: Collection[str]) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if enterprise_uuid is not None:
        conditions.append(_place.enterprise_uuid == enterprise_uuid)
    if types:
        conditions.append(_place.type.in_(sorted(types)))
    return conditions


def read_log_of(
    connection: Connection, *, after: int, enterprises: Sequence[UUID], limit: int
) -> LogPage:
    """As `read_log`, of several enterprises at once. Raises CursorTooOld."""
    begin, newest = _begin(connection, after)
    if begin == newest:
        return LogPage((), newest, has_more=False)
    theirs = is_any_of_given(connection.dialect.name, _place.enterprise_uuid, "enterprises")
    conditions = [_place.position > begin, _place.position <= newest, theirs]
    rows = _rows(connection, conditions, limit + 1, {"enterprises": list(enterprises)})
    return _page(rows, limit, newest, has_more=False)


def begin_of(connection: Connection, after: int | None) -> int:
    """The position itself, or that of the oldest. Raises CursorTooOld and CursorAhead."""
    return _begin(connection, after)[0]


def _begin(connection: Connection, after: int | None) -> tuple[int, int]:
    """Where reading begins, and the end of the log."""
    state = connection.execute(_STATE).one()
    begin = state.forgotten_to if after is None else after
    if begin < state.forgotten_to:
        raise CursorTooOld(state.forgotten_to)
    if begin > state.last_position:
        raise CursorAhead
    return begin, state.last_position


def _page(rows: Sequence[AnyRow], limit: int, end: int, *, has_more: bool) -> LogPage:
    if len(rows) > limit:
        return LogPage(rows[:limit], rows[limit - 1].position, has_more=True)
    return LogPage(rows, end, has_more)


def _rows(
    connection: Connection,
    conditions: list[ColumnElement[bool]],
    limit: int,
    given: Mapping[str, object] | None = None,
) -> Sequence[AnyRow]:
    statement = _ROWS.where(*conditions).order_by(_place.position).limit(limit)
    return connection.execute(statement, given).all()


def register_reader(session: Session, reader: str) -> None:
    """From the caller's transaction on, a reader that is new misses nothing."""
    connection = session.connection()
    first = insert_for(session, EventReader).values(
        name=reader, position=newest_position(connection)
    )
    connection.execute(first.on_conflict_do_nothing(index_elements=["name"]))


def read_new(session: Session, reader: str, types: Collection[str], limit: int) -> LogPage | None:
    """What a reader inside has not read yet. Its place moves with the caller's transaction, so
    that what it makes of the events is made once. None while another transaction reads for it.

    A reader that is new begins at the end of the log.
    """
    connection = session.connection()
    register_reader(session, reader)
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
