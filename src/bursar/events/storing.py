"""Writes events into the log: all events of a change in one statement, or in few if they are very
many."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import uuid4

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.batches import batched
from bursar.database.bulk import bulk_insert
from bursar.database.engine import raising_as_sqlalchemy
from bursar.events.event import Event
from bursar.events.models import EventRecord

BATCH: Final = 5_000
"""Rows in one statement; a row has about a kilobyte."""


def store(session: Session, actor: Actor, events: Sequence[Event], at: datetime) -> None:
    """Stores the events. The versions of each object continue from its latest stored event."""
    for batch in batched(events, BATCH):
        rows = [_row(actor, event, at) for event in batch]
        are_first = all(event.is_first for event in batch)
        _number_within(rows)
        if session.connection().dialect.name == "sqlite":
            _insert_on_sqlite(session, rows, are_first=are_first)
        else:
            _insert_on_postgresql(session, rows, are_first=are_first)


def _row(actor: Actor, event: Event, at: datetime) -> dict[str, Any]:
    return {
        "uuid": uuid4(),
        "enterprise_uuid": event.enterprise_uuid,
        "type": event.type,
        "object_type": event.object_type,
        "object_id": str(event.object_id),
        "at": at,
        "actor_kind": actor.kind.value,
        "actor": actor.name,
        "request_id": actor.request_id,
        "changes": event.changes,
        "data": event.data,
        "is_public": event.is_public,
    }


_Counted: TypeAlias = tuple[str, str, bool]


def _object(row: Mapping[str, Any]) -> _Counted:
    """Versions count the public events of an object, and the others, each for themselves: readers
    outside see no gap."""
    return row["object_id"], row["object_type"], row["is_public"]


def _number_within(rows: Sequence[dict[str, Any]]) -> None:
    """Numbers the events of one change that are about the same object."""
    seen: Counter[_Counted] = Counter()
    for row in rows:
        seen[_object(row)] += 1
        row["version"] = seen[_object(row)]


def _insert_on_sqlite(session: Session, rows: Sequence[dict[str, Any]], *, are_first: bool) -> None:
    if not are_first:
        table = EventRecord.__table__.c
        ids = {row["object_id"] for row in rows}
        newest = (
            select(table.object_id, table.object_type, table.is_public, func.max(table.version))
            .where(table.object_id.in_(ids))
            .group_by(table.object_id, table.object_type, table.is_public)
        )
        known = {row[:3]: row[3] for row in map(tuple, session.connection().execute(newest))}
        for row in rows:
            row["version"] += known.get(_object(row), 0)
    bulk_insert(session, EventRecord, list(rows))


def _insert_on_postgresql(
    session: Session, rows: Sequence[dict[str, Any]], *, are_first: bool
) -> None:
    """Asks the statement for no rows, so that it can be used inside `in_one_go`."""
    connection = session.connection()
    statement = _INSERT_FIRST if are_first else _INSERT_NEXT
    with raising_as_sqlalchemy(connection, "INSERT INTO events"):
        connection.exec_driver_sql(statement, (msgspec.json.encode(rows).decode(),))


# One JSON parameter is the fastest way for a few rows, and as fast as COPY for thousands, because
# the rows hold JSON, which would have to be encoded one by one for COPY.
_COLUMNS: Final = {
    "uuid": "uuid",
    "enterprise_uuid": "uuid",
    "type": "varchar",
    "object_type": "varchar",
    "object_id": "varchar",
    "at": "timestamptz",
    "actor_kind": "varchar",
    "actor": "varchar",
    "request_id": "varchar",
    "changes": "jsonb",
    "data": "jsonb",
    "is_public": "boolean",
}


def _insert(version: str) -> str:
    names = ", ".join(_COLUMNS)
    types = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    return (
        f"INSERT INTO events ({names}, version) SELECT {names}, {version} "  # noqa: S608
        f"FROM json_to_recordset(%s::json) AS given ({types}, version int4) "
        # The transaction has its number before the rows have their ids: see sequencing.py. As a
        # condition on no row, this is asked before the first row is made.
        "WHERE (SELECT pg_current_xact_id()) IS NOT NULL"
    )


_INSERT_FIRST: Final = _insert("version")
# The caller has locked the rows of the objects, so no other transaction numbers events of the same
# objects now.
_INSERT_NEXT: Final = _insert(
    "version + coalesce((SELECT max(events.version) FROM events WHERE "
    "events.object_id = given.object_id AND events.object_type = given.object_type "
    "AND events.is_public = given.is_public), 0)"
)
