"""Forgets events: first what they show of their objects, and much later the events themselves.

The version of an object counts on from its newest event, so that this one stays as long as the
object is known.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final, TypeAlias, cast
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Select,
    Table,
    Uuid,
    bindparam,
    column,
    delete,
    exists,
    null,
    or_,
    select,
    table,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from bursar.clock import NEVER
from bursar.database.bulk import is_any_of
from bursar.database.doors import Door, opened
from bursar.database.engine import Database
from bursar.database.forgetting import BATCH, changed_rows, empty_old
from bursar.database.types import AnyRow, Instant
from bursar.events.models import EventPosition, EventRecord, EventSequence

StillKnown: TypeAlias = Callable[[Session, Sequence[UUID]], set[UUID]]
"""Which of these objects still exist."""

_EVENTS: Final = cast("Table", EventRecord.__table__)
_newer: Final = _EVENTS.alias("newer")
# Its model is above this domain, which needs no more of it than this.
_ENTERPRISES: Final = table("enterprises", column("uuid", Uuid()), column("clock_seconds"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Which newest events stay. Those of types that are not named here always do."""

    each_kind: Collection[str] = ()
    """Types of objects of which the newest event of each type is kept, because it is read."""
    passing: Mapping[str, StillKnown | None] = field(default_factory=dict)
    """By type of object, for objects that are deleted one day: their newest events go then. None:
    nothing is known of them any more when their events are old."""


def forget_shown(database: Database, before: datetime) -> int:
    """Takes older events out of the log and empties their `data`. Returns how many."""
    _forget_places(database, before)
    # Readers outside must not find an event without what it shows.
    has_place = exists().where(EventPosition.event_id == _EVENTS.c.id)
    old = (_EVENTS.c.data.is_not(None), _EVENTS.c.at < before, ~has_place)
    return empty_old(database, _EVENTS, {"data": null()}, *old, door=Door.RETENTION)


def _forget_places(database: Database, before: datetime) -> None:
    """From the beginning of the log to the first event that is not older. One that is older and
    comes after it stays until the log is forgotten up to there."""
    while True:
        with database.transaction() as session:
            if not _forget_some_places(session, before):
                return


def _forget_some_places(session: Session, before: datetime) -> bool:
    """Whether there may be more. A cursor into what is gone is refused from the same commit on."""
    first = (
        select(EventPosition.position, EventRecord.at, _ENTERPRISES.c.clock_seconds)
        .join_from(EventPosition, EventRecord, EventRecord.id == EventPosition.event_id)
        .outerjoin(_ENTERPRISES, _ENTERPRISES.c.uuid == EventRecord.enterprise_uuid)
        .order_by(EventPosition.position)
        .limit(BATCH)
    )
    rows = session.execute(first).all()
    old = list(takewhile(lambda row: _time_on_the_wall(row) < before, rows))
    if old:
        end = old[-1].position
        session.execute(update(EventSequence).values(forgotten_to=end))
        session.execute(delete(EventPosition).where(EventPosition.position <= end))
    return len(old) == BATCH


def _time_on_the_wall(row: AnyRow) -> datetime:
    """The events of a sandbox whose clock is ahead would otherwise keep those of all others."""
    at: datetime = row.at
    return at - timedelta(seconds=row.clock_seconds or 0)


def forget_events(
    database: Database, enterprises: Iterable[UUID], before: datetime, kept: Kept
) -> int:
    """Deletes older events of these enterprises and of the installation. Returns how many."""
    return sum(
        _forget_of(database, enterprise, before, kept) for enterprise in (None, *enterprises)
    )


def _forget_of(database: Database, enterprise: UUID | None, before: datetime, kept: Kept) -> int:
    """Goes through the index of one enterprise, past the events that stay."""
    statement, total = _page(enterprise, before, kept), 0
    after = {"at": NEVER, "id": 0}
    while True:
        with database.transaction() as session:
            rows = session.execute(statement, after).all()
            total += _delete(session, _forgettable(session, rows, kept))
        if len(rows) < BATCH:
            return total
        after = {"at": rows[-1].at, "id": rows[-1].id}


def _page(enterprise: UUID | None, before: datetime, kept: Kept) -> Select[tuple[object, ...]]:
    event = _EVENTS.c
    replaced = exists().where(
        _newer.c.object_id == event.object_id,
        _newer.c.object_type == event.object_type,
        _newer.c.is_public == event.is_public,
        _newer.c.version > event.version,
        or_(event.object_type.not_in(list(kept.each_kind)), _newer.c.type == event.type),
    )
    has_place = exists().where(EventPosition.event_id == event.id)
    return (
        select(event.id, event.at, event.object_type, event.object_id, replaced.label("replaced"))
        .where(
            event.enterprise_uuid == enterprise,  # IS NULL for the installation
            event.at < before,
            ~has_place,
            tuple_(event.at, event.id)
            > tuple_(bindparam("at", type_=Instant()), bindparam("id", type_=BigInteger())),
        )
        .order_by(event.at, event.id)
        .limit(BATCH)
    )


def _forgettable(session: Session, rows: Sequence[AnyRow], kept: Kept) -> list[int]:
    found = [row.id for row in rows if row.replaced]
    newest: defaultdict[str, list[AnyRow]] = defaultdict(list)
    for row in rows:
        if not row.replaced and row.object_type in kept.passing:
            newest[row.object_type].append(row)
    for object_type, some in newest.items():
        still_known = kept.passing[object_type]
        known = still_known(session, [UUID(row.object_id) for row in some]) if still_known else ()
        found += [row.id for row in some if not still_known or UUID(row.object_id) not in known]
    return found


def _delete(session: Session, ids: Sequence[int]) -> int:
    if not ids:
        return 0
    with opened(session, Door.RETENTION):
        return changed_rows(
            session, delete(EventRecord).where(is_any_of(session, EventRecord.id, ids))
        )
