"""Forgets entries of the audit trail from before there were events."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table

from bursar.audit.models import AuditEntry
from bursar.database.doors import Door
from bursar.database.engine import Database
from bursar.database.forgetting import delete_old

_ENTRIES: Final = cast("Table", AuditEntry.__table__)


def forget_entries(database: Database, enterprises: Iterable[UUID], before: datetime) -> int:
    """Deletes older entries of these enterprises and of the installation. Returns how many."""
    return sum(
        delete_old(
            database,
            _ENTRIES,
            _ENTRIES.c.enterprise_uuid == enterprise,  # IS NULL for the installation
            _ENTRIES.c.at < before,
            door=Door.RETENTION,
        )
        for enterprise in (None, *enterprises)
    )
