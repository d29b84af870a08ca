"""Reads the audit trail: the events, and the entries that were written before there were events."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from operator import attrgetter
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnCollection, ColumnElement, Connection, Select, select

from bursar.audit.models import AuditEntry
from bursar.database.types import AnyRow
from bursar.events.models import EventRecord


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit trail."""

    enterprise_uuid: UUID | None
    at: datetime
    actor: str
    action: str
    object_type: str
    object_id: str
    request_id: str | None
    details: dict[str, Any]
    """The details of an entry that was written before there were events; otherwise empty."""
    changes: dict[str, tuple[Any, Any]]
    """The old and the new value by the name of the field; empty in those old entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries are wanted; None does not restrict them."""

    enterprise_uuid: UUID | None = None
    object_id: str | None = None
    actor: str | None = None
    action: str | None = None
    """An action such as `license.assigned`, or all of a kind: `license.*`."""
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Entries at this instant are not wanted."""


def entries(connection: Connection, wanted: Wanted) -> Iterator[Entry]:
    """What happened, oldest first. Both tables are read in batches, so that a long trail does not
    fill the memory."""
    old = (_entry(row, row.details, {}) for row in _read(connection, _OLD_ENTRIES, wanted))
    events = (
        _entry(row, {}, {name: (before, after) for name, (before, after) in row.changes.items()})
        for row in _read(connection, _EVENTS, wanted)
    )
    return merge(old, events, key=attrgetter("at"))


def latest_entries(
    connection: Connection, wanted: Wanted, *, limit: int, before: int | None = None
) -> list[tuple[int, Entry]]:
    """What happened last, the newest first, each with the number by which the next page is asked
    for: `before` it. Entries from before there were events are not among them."""
    statement = _EVENTS.add_columns(_event.id).order_by(None)
    if wanted.enterprise_uuid is None:
        # No index has the instants of all enterprises, and ids are given in nearly their order.
        statement = statement.order_by(_event.id.desc())
        rows = _read(connection, _before_id(statement, before).limit(limit), wanted)
    else:
        statement = statement.order_by(_event.at.desc(), _event.id.desc())
        rows = _read(connection, _before(statement, before).limit(limit), wanted)
    return [
        (row.id, _entry(row, {}, {name: (a, b) for name, (a, b) in row.changes.items()}))
        for row in rows
    ]


def _before_id(statement: Select[Any], before: int | None) -> Select[Any]:
    return statement if before is None else statement.where(_event.id < before)


def _before(statement: Select[Any], before: int | None) -> Select[Any]:
    if before is None:
        return statement
    reached = select(_event.at).where(_event.id == before).scalar_subquery()
    return statement.where((_event.at < reached) | ((_event.at == reached) & (_event.id < before)))


_Columns: TypeAlias = ColumnCollection[str, ColumnElement[Any]]
_old, _event = AuditEntry.__table__.c, EventRecord.__table__.c
# Entries from before there were events. They are still read, but nothing adds to this table.
_OLD_ENTRIES: Final = select(
    _old.enterprise_uuid,
    _old.at,
    _old.actor,
    _old.action,
    _old.object_type,
    _old.object_id,
    _old.request_id,
    _old.details,
).order_by(_old.at, _old.id)
_EVENTS: Final = select(
    _event.enterprise_uuid,
    _event.at,
    _event.actor,
    _event.type.label("action"),
    _event.object_type,
    _event.object_id,
    _event.request_id,
    _event.changes,
).order_by(_event.at, _event.id)


def _entry(row: AnyRow, details: dict[str, Any], changes: dict[str, tuple[Any, Any]]) -> Entry:
    return Entry(
        row.enterprise_uuid,
        row.at,
        row.actor,
        row.action,
        row.object_type,
        row.object_id,
        row.request_id,
        details,
        changes,
    )


def _read(connection: Connection, statement: Select[Any], wanted: Wanted) -> Iterator[AnyRow]:
    conditions = _conditions(statement.selected_columns, wanted)
    yield from connection.execute(statement.where(*conditions))


def _conditions(column: _Columns, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.enterprise_uuid is not None:
        yield column["enterprise_uuid"] == wanted.enterprise_uuid
    if wanted.object_id is not None:
        yield column["object_id"] == wanted.object_id
    if wanted.actor is not None:
        yield column["actor"] == wanted.actor
    if wanted.action is not None:
        yield _is_action(column["action"], wanted.action)
    if wanted.request_id is not None:
        yield column["request_id"] == wanted.request_id
    if wanted.since is not None:
        yield column["at"] >= wanted.since
    if wanted.until is not None:
        yield column["at"] < wanted.until


def _is_action(column: ColumnElement[str], action: str) -> ColumnElement[bool]:
    kind, star, rest = action.partition(".*")
    if star and not rest:
        return column.startswith(f"{kind}.", autoescape=True)
    return column == action
