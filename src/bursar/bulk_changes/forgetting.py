"""Forgets bulk changes that ended."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from bursar.bulk_changes.models import BulkChange
from bursar.database.bulk import is_any_of
from bursar.database.engine import Database
from bursar.database.forgetting import delete_old

_CHANGES: Final = cast("Table", BulkChange.__table__)


def forget_changes(database: Database, before: datetime) -> int:
    """Deletes those that ended before. Returns how many."""
    return delete_old(database, _CHANGES, _CHANGES.c.finished_at < before)


def known_changes(session: Session, uuids: Sequence[UUID]) -> set[UUID]:
    """Those that still exist."""
    mine = is_any_of(session, BulkChange.uuid, uuids)
    return set(session.scalars(select(BulkChange.uuid).where(mine)))
