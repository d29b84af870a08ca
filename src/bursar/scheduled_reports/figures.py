"""Figures about scheduled reports: whether they are planned in time, and what becomes of the runs.
What is sent of each run is among the figures of deliveries."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from bursar.figures import Figure, age_seconds
from bursar.identity.service import SUSPENDED
from bursar.scheduled_reports.models import PENDING, Report, ReportRun, RunStatus

RECENT: Final = timedelta(days=1)
_REPORT: Final = Report.__table__.c
_RUN: Final = ReportRun.__table__.c


def report_figures(connection: Connection, now: datetime) -> Iterator[Figure]:
    """Three statements, which are answered by indexes."""
    overdue = select(func.min(_REPORT.next_due_at)).where(
        _REPORT.next_due_at <= now, _REPORT.enterprise_uuid.not_in(SUSPENDED)
    )
    pending = select(func.count(), func.min(_RUN.planned_at)).where(PENDING)
    failed = select(func.count()).where(
        _RUN.finished_at > now - RECENT, _RUN.status == RunStatus.FAILED.value
    )
    number, oldest = connection.execute(pending).one()
    yield _figure(
        "bursar_reports_overdue_seconds",
        "Since when the report waits to be planned that was due first.",
        age_seconds(connection.scalar(overdue), now),
    )
    yield _figure(
        "bursar_report_runs_pending", "Runs of reports that not everybody has yet.", number
    )
    yield _figure(
        "bursar_report_runs_oldest_seconds",
        "Since when the oldest of them was to be there.",
        age_seconds(oldest, now),
    )
    yield _figure(
        "bursar_report_runs_failed_recently",
        "Runs that were given up in the last 24 hours.",
        connection.scalar(failed) or 0,
    )


def _figure(name: str, about: str, value: float) -> Figure:
    return Figure(name, about, (), {(): value})
