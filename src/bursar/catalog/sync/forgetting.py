"""Forgets runs that ended. The newest ones stay: they say what is due."""

from datetime import datetime
from typing import Final, cast

from sqlalchemy import Table, func, select

from bursar.catalog.sync.models import SyncRun
from bursar.catalog.sync.states import SyncState
from bursar.database.engine import Database
from bursar.database.forgetting import delete_old

_RUNS: Final = cast("Table", SyncRun.__table__)


def forget_syncs(database: Database, before: datetime) -> int:
    """Deletes those that ended before. Returns how many."""
    newest = select(func.max(SyncRun.id)).where(SyncRun.state == SyncState.DONE)
    kept = newest.group_by(SyncRun.source, SyncRun.is_full, SyncRun.is_complete)
    return delete_old(database, _RUNS, _RUNS.c.ended_at < before, _RUNS.c.id.not_in(kept))
