"""Plans runs: one for each report that is due, and for one that somebody asks for.

A run is planned in one transaction with the deliveries that it consists of, under the lock of its
report. No report has two runs under way: a newer one takes the place of one that waits, and comes
later while one is being sent.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID, uuid4

import structlog
from sqlalchemy import Connection, Select, Table, exists, select, update
from sqlalchemy.orm import Session

from bursar.database.engine import Database
from bursar.delivery.service import (
    Channel,
    NewDelivery,
    drop_of_subjects,
    enqueue_deliveries,
    is_being_sent,
)
from bursar.identity.service import SUSPENDED
from bursar.scheduled_reports.destinations import destination_of, recipients_of
from bursar.scheduled_reports.models import PENDING, Report, ReportRun, RunStatus
from bursar.scheduled_reports.rules import due_run, next_due
from bursar.scheduled_reports.timetables import timetable_of

BATCH: Final = 100
REPLACED: Final = "A newer run took its place."
_LATER: Final = timedelta(hours=1)
"""When a timetable is looked at again that this machine cannot read."""

_REPORTS: Final = cast("Table", Report.__table__)
_RUNS: Final = cast("Table", ReportRun.__table__)
_log = structlog.get_logger(__name__)


class BeingSent(Exception):
    """A run of the report is being sent right now."""


def is_any_report_due(connection: Connection, now: datetime) -> bool:
    """Reads only, so that SQLite's only writer is not disturbed while there is nothing to do."""
    return bool(connection.scalar(select(exists(_due(now)))))


def plan_due(database: Database, now: datetime) -> int:
    """Plans a run of each report that is due, and returns how many."""
    with database.read() as connection:
        if not is_any_report_due(connection, now):
            return 0
    total, passed = 0, 0
    while True:
        with database.transaction() as session:
            due = _due(now).order_by(_REPORTS.c.next_due_at, _REPORTS.c.uuid).offset(passed)
            locked = due.limit(BATCH).with_for_update(skip_locked=True, of=_REPORTS)
            uuids: Sequence[UUID] = session.scalars(locked).all()
            planned = [_plan_if_due(session, uuid, now) for uuid in uuids]
        total += sum(planned)
        # What is being sent right now stays due, and would come again.
        passed += planned.count(False)
        if len(uuids) < BATCH:
            return total


def _due(now: datetime) -> Select[Any]:
    return select(_REPORTS.c.uuid).where(
        _REPORTS.c.next_due_at <= now,
        # Nothing is sent for these. One run is made up for when they are resumed.
        _REPORTS.c.enterprise_uuid.not_in(SUSPENDED),
    )


def _plan_if_due(session: Session, uuid: UUID, now: datetime) -> bool:
    report = session.get_one(Report, uuid, populate_existing=True)
    try:
        timetable = timetable_of(report.timetable)
    except ValueError as error:
        _log.error("report cannot be planned", report=str(uuid), error=str(error))
        report.next_due_at = now + _LATER
        return False
    # `since` is exclusive: the instant itself is due.
    planned_at = due_run(timetable, report.next_due_at - timedelta(microseconds=1), now)
    if planned_at is not None:
        try:
            plan_run(session, report, planned_at, now)
        except BeingSent:
            return False
    report.next_due_at = next_due(timetable, now)
    return planned_at is not None


def plan_run(session: Session, report: Report, planned_at: datetime, now: datetime) -> UUID:
    """The report is locked. Raises BeingSent, after which nothing is changed."""
    _replace_waiting(session, report.uuid, now)
    run_uuid = uuid4()
    session.add(
        ReportRun(
            uuid=run_uuid,
            report_uuid=report.uuid,
            enterprise_uuid=report.enterprise_uuid,
            report_name=report.name,
            planned_at=planned_at,
            status=RunStatus.PENDING.value,
            created_at=now,
        )
    )
    session.flush()
    deliveries = [
        NewDelivery(
            channel=Channel.REPORT,
            kind=report.what,
            enterprise_uuid=report.enterprise_uuid,
            subject_uuid=run_uuid,
            target_uuid=report.uuid,
            recipient=recipient,
            context={"report": report.name},
        )
        for recipient in recipients_of(destination_of(report.destination))
    ]
    enqueue_deliveries(session, deliveries, now)
    return run_uuid


def _replace_waiting(session: Session, report_uuid: UUID, now: datetime) -> None:
    # The run is locked before its deliveries, as by those who record what came of them.
    waiting = select(_RUNS.c.uuid).where(_RUNS.c.report_uuid == report_uuid, PENDING)
    uuids = session.scalars(waiting.with_for_update()).all()
    if is_being_sent(session, report_uuid, now):
        raise BeingSent
    drop_runs(session, uuids, now, REPLACED)


def drop_runs(session: Session, uuids: Sequence[UUID], now: datetime, reason: str) -> None:
    """Takes back runs that wait, with their deliveries."""
    if uuids:
        drop_of_subjects(session, uuids, now, reason=reason)
        values = {"status": RunStatus.DROPPED.value, "finished_at": now, "error": reason}
        session.execute(update(_RUNS).where(_RUNS.c.uuid.in_(uuids)).values(values))
