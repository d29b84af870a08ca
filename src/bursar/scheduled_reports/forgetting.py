"""Forgets runs that ended. Their deliveries are forgotten by the ledger."""

from datetime import datetime
from typing import Final, cast

from sqlalchemy import Table

from bursar.database.engine import Database
from bursar.database.forgetting import delete_old
from bursar.scheduled_reports.models import ReportRun

_RUNS: Final = cast("Table", ReportRun.__table__)


def forget_runs(database: Database, before: datetime) -> int:
    """Deletes those that ended before. Returns how many."""
    return delete_old(database, _RUNS, _RUNS.c.finished_at < before)
