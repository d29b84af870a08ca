"""The front door of the sync for those who look: what is due, and what went wrong."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from bursar.catalog.sync.models import SyncRun
from bursar.catalog.sync.runs import Pattern, is_due, last_run
from bursar.catalog.sync.states import SyncState
from bursar.catalog.sync.views import SyncReport, report_of
from bursar.database.types import AnyRow
from bursar.figures import Figure

_LOOKED_AT: Final = 500
"""Runs of which figures are made: those of three weeks, or so."""
_AT_ONCE: Final = 0.5
"""The part of an hour's requests that is made without waiting: see connectors/discovery/pace.py."""


def is_sync_due(session: Session, source: str, pattern: Pattern, at: datetime) -> bool:
    return is_due(session, source, pattern, at)


def latest_runs(session: Session, limit: int) -> list[SyncReport]:
    """Newest first."""
    newest = select(SyncRun).order_by(SyncRun.id.desc()).limit(limit)
    return [report_of(run) for run in session.scalars(newest)]


def guard_problem(connection: Connection) -> str | None:
    """What an operator has to decide, because the guard stopped the last full sweep."""
    columns = (SyncRun.state, SyncRun.reason)
    newest = select(*columns).where(SyncRun.is_full.is_(True)).order_by(SyncRun.id.desc()).limit(1)
    run = connection.execute(newest).first()
    if run is None or run.state != SyncState.GUARDED:
        return None
    return (
        f"The sync with the discovery service was stopped: {run.reason}. Look there, or go on "
        "with `bursar sync discovery --full --force`."
    )


def full_sweep_seconds(session: Session, source: str, per_hour: int) -> tuple[int, float] | None:
    """How many pages a full sweep asks for, and how long it takes; None before there was one."""
    run = last_run(session, source, is_full=True, state=SyncState.DONE)
    if run is None:
        return None
    beyond = max(0.0, run.pages - per_hour * _AT_ONCE)
    waiting = beyond / per_hour * 3600.0
    return run.pages, run.busy_seconds + max(waiting, run.waited_seconds)


def sync_figures(connection: Connection, _now: datetime) -> Iterator[Figure]:
    columns = (SyncRun.is_full, SyncRun.state, SyncRun.ended_at, SyncRun.failures)
    newest = select(*columns).order_by(SyncRun.id.desc()).limit(_LOOKED_AT)
    runs = connection.execute(newest).all()
    full = [run for run in runs if run.is_full]
    if runs:
        yield Figure(
            "bursar_content_sync_last_success_timestamp_seconds",
            "When a run over the discovery service was last done: a full sweep, or any run.",
            ("sweep",),
            {("full",): _last_done(full), ("any",): _last_done(runs)},
        )
    yield Figure(
        "bursar_content_sync_failures",
        "How often in a row the run that is under way ended early.",
        (),
        {(): float(runs[0].failures) if runs else 0.0},
    )
    yield Figure(
        "bursar_content_sync_stopped",
        "1 while the last full sweep is one that the guard stopped.",
        (),
        {(): float(bool(full) and full[0].state == SyncState.GUARDED)},
    )


def _last_done(runs: Sequence[AnyRow]) -> float:
    return next((run.ended_at.timestamp() for run in runs if run.state == SyncState.DONE), 0.0)
