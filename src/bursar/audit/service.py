"""Writes the audit trail. The caller's transaction decides whether an entry exists."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Select, select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.audit.models import AuditEntry
from bursar.database.bulk import bulk_insert
from bursar.events.models import EventRecord


@dataclass(frozen=True, slots=True)
class Change:
    action: str
    object_type: str
    object_id: str
    enterprise_uuid: UUID | None = None
    details: dict[str, Any] = field(default_factory=dict)


def record(session: Session, actor: Actor, changes: list[Change]) -> None:
    """One entry a change, in one statement."""
    if not changes:
        return
    at = clock.now()
    bulk_insert(
        session,
        AuditEntry,
        [
            {
                "enterprise_uuid": change.enterprise_uuid,
                "at": at,
                "actor": actor.name,
                "action": change.action,
                "object_type": change.object_type,
                "object_id": change.object_id,
                "request_id": actor.request_id,
                "details": change.details,
            }
            for change in changes
        ],
    )


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
    """Of a change, `{"spend_limit": [700000, 10000]}`: the old and the new value."""


def entries(
    connection: Connection, enterprise_uuid: UUID, since: datetime | None
) -> Iterator[Entry]:
    """What happened in an enterprise, oldest first. Both sources are read a little at a time."""
    return merge(
        _read(connection, _OLD_ENTRIES, enterprise_uuid, since),
        _read(connection, _EVENTS, enterprise_uuid, since),
        key=attrgetter("at"),
    )


_entry, _event = AuditEntry.__table__.c, EventRecord.__table__.c
# Written before events were: read on, never added to.
_OLD_ENTRIES: Final = select(
    _entry.at,
    _entry.actor,
    _entry.action,
    _entry.object_type,
    _entry.object_id,
    _entry.request_id,
    _entry.details,
).order_by(_entry.at, _entry.id)
_EVENTS: Final = select(
    _event.at,
    _event.actor,
    _event.type,
    _event.object_type,
    _event.object_id,
    _event.request_id,
    _event.changes,
).order_by(_event.at, _event.id)


def _read(
    connection: Connection, statement: Select[Any], enterprise_uuid: UUID, since: datetime | None
) -> Iterator[Entry]:
    source = statement.selected_columns["at"].table
    statement = statement.where(source.c.enterprise_uuid == enterprise_uuid)
    if since is not None:
        statement = statement.where(source.c.at >= since)
    for row in connection.execute(statement):
        yield Entry(*row)
