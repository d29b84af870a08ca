"""Writes the audit trail. The caller's transaction decides whether an entry exists."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.audit.models import AuditEntry
from bursar.database.bulk import bulk_insert
from bursar.database.types import AnyRow


@dataclass(frozen=True, slots=True)
class Actor:
    """On whose behalf a change is made: an API client, or a command of the operator."""

    name: str
    request_id: str | None = None


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


def entries(
    connection: Connection, enterprise_uuid: UUID, since: datetime | None
) -> Iterator[AnyRow]:
    """What happened in an enterprise, oldest first."""
    table = AuditEntry.__table__
    statement = select(table).where(table.c.enterprise_uuid == enterprise_uuid)
    if since is not None:
        statement = statement.where(table.c.at >= since)
    yield from connection.execute(statement.order_by(table.c.at, table.c.id))
