"""Reads the audit trail: the events, and the entries that were written before there were events."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Select, select

from bursar.audit.models import AuditEntry
from bursar.database.types import AnyRow
from bursar.events.models import EventRecord


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit trail."""

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


def entries(
    connection: Connection, enterprise_uuid: UUID, since: datetime | None
) -> Iterator[Entry]:
    """What happened in an enterprise, oldest first. Both tables are read in batches, so that a long
    trail does not fill the memory."""
    old = (
        _entry(row, row.details, {})
        for row in _read(connection, _OLD_ENTRIES, enterprise_uuid, since)
    )
    events = (
        _entry(row, {}, {name: (before, after) for name, (before, after) in row.changes.items()})
        for row in _read(connection, _EVENTS, enterprise_uuid, since)
    )
    return merge(old, events, key=attrgetter("at"))


_old, _event = AuditEntry.__table__.c, EventRecord.__table__.c
# Entries from before there were events. They are still read, but nothing adds to this table.
_OLD_ENTRIES: Final = select(
    _old.at,
    _old.actor,
    _old.action,
    _old.object_type,
    _old.object_id,
    _old.request_id,
    _old.details,
).order_by(_old.at, _old.id)
_EVENTS: Final = select(
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
        row.at,
        row.actor,
        row.action,
        row.object_type,
        row.object_id,
        row.request_id,
        details,
        changes,
    )


def _read(
    connection: Connection, statement: Select[Any], enterprise_uuid: UUID, since: datetime | None
) -> Iterator[AnyRow]:
    source = statement.selected_columns["at"].table
    statement = statement.where(source.c.enterprise_uuid == enterprise_uuid)
    if since is not None:
        statement = statement.where(source.c.at >= since)
    yield from connection.execute(statement)
