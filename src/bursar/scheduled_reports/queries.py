"""What operators read of reports and runs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.orm import Session

from bursar.database.types import AnyRow
from bursar.identity.service import find_enterprises
from bursar.pages import Page, PageRequest
from bursar.scheduled_reports.destinations import destination_of, recipients_of
from bursar.scheduled_reports.models import Report, ReportRun, RunStatus
from bursar.scheduled_reports.rules import Timetable
from bursar.scheduled_reports.timetables import timetable_of
from bursar.scheduled_reports.views import ReportView, RunView

_run: Final = ReportRun.__table__.c


def find_reports(
    connection: Connection, enterprise_uuid: UUID | None, name: str | None
) -> Sequence[ReportView]:
    """By enterprise and name; None stands for every one."""
    statement = select(Report).order_by(Report.enterprise_uuid, Report.name)
    if enterprise_uuid is not None:
        statement = statement.where(Report.enterprise_uuid == enterprise_uuid)
    if name is not None:
        statement = statement.where(Report.name == name)
    return reports(connection, statement)


def page_of_reports(
    connection: Connection, enterprise_uuid: UUID, wanted: PageRequest
) -> tuple[Page, Sequence[ReportView]]:
    mine = Report.enterprise_uuid == enterprise_uuid
    counted = select(func.count()).select_from(Report).where(mine)
    page = wanted.within(connection.execute(counted).scalar_one())
    ordered = select(Report).where(mine).order_by(Report.name)
    return page, reports(connection, ordered.offset(page.start).limit(page.size))


def reports(connection: Connection, statement: Select[Report]) -> Sequence[ReportView]:
    with Session(connection) as session:
        found = session.scalars(statement).all()
        enterprises = find_enterprises(connection, {each.enterprise_uuid for each in found})
        return [_shown(report, enterprises[report.enterprise_uuid].slug) for report in found]


def _shown(report: Report, slug: str) -> ReportView:
    return ReportView(
        uuid=report.uuid,
        enterprise_uuid=report.enterprise_uuid,
        enterprise_slug=slug,
        name=report.name,
        what=report.what,
        format=report.format,
        recipients=recipients_of(destination_of(report.destination)),
        is_encrypted=report.pgp_public_key is not None,
        next_due_at=report.next_due_at,
        timetable=_timetable(report),
    )


def _timetable(report: Report) -> Timetable | None:
    try:
        return timetable_of(report.timetable)
    except ValueError:
        return None


def last_runs(connection: Connection, report_uuids: Sequence[UUID]) -> Mapping[UUID, RunView]:
    # For each report by itself, so that the index finds its newest run without reading the others.
    other = ReportRun.__table__.alias().c
    newest = select(func.max(other.planned_at)).where(other.report_uuid == Report.uuid)
    statement = (
        select(*_run)
        .join_from(Report, ReportRun, _run.report_uuid == Report.uuid)
        .where(Report.uuid.in_(report_uuids), _run.planned_at == newest.scalar_subquery())
    )
    rows = connection.execute(statement).all()
    return {row.report_uuid: _run_shown(row) for row in rows}


def count_reports_not_sent(connection: Connection, enterprise_uuid: UUID) -> int:
    other = ReportRun.__table__.alias().c
    newest = select(func.max(other.planned_at)).where(other.report_uuid == Report.uuid)
    statement = (
        select(func.count())
        .select_from(Report)
        .join(ReportRun, _run.report_uuid == Report.uuid)
        .where(
            Report.enterprise_uuid == enterprise_uuid,
            _run.planned_at == newest.scalar_subquery(),
            _run.status == RunStatus.FAILED.value,
        )
    )
    return connection.execute(statement).scalar_one()


def page_of_runs(
    connection: Connection, report_uuid: UUID, wanted: PageRequest
) -> tuple[Page, Sequence[RunView]]:
    mine = _run.report_uuid == report_uuid
    counted = select(func.count()).select_from(ReportRun).where(mine)
    page = wanted.within(connection.execute(counted).scalar_one())
    ordered = select(*_run).where(mine).order_by(_run.planned_at.desc())
    return page, runs(connection, ordered.offset(page.start).limit(page.size))


def newest_runs(
    connection: Connection,
    *,
    enterprise_uuid: UUID | None,
    name: str | None,
    status: RunStatus | None,
    limit: int,
) -> Sequence[RunView]:
    """Those that were planned last, the newest first."""
    statement = select(*ReportRun.__table__.c).order_by(ReportRun.planned_at.desc(), ReportRun.uuid)
    if enterprise_uuid is not None:
        statement = statement.where(ReportRun.enterprise_uuid == enterprise_uuid)
    if name is not None:
        statement = statement.where(ReportRun.report_name == name)
    if status is not None:
        statement = statement.where(ReportRun.status == status.value)
    return runs(connection, statement.limit(limit))


def runs(connection: Connection, statement: Select[Any]) -> Sequence[RunView]:
    """Of a statement that selects every column of them."""
    return [_run_shown(row) for row in connection.execute(statement)]


def _run_shown(row: AnyRow) -> RunView:
    return RunView(
        uuid=row.uuid,
        enterprise_uuid=row.enterprise_uuid,
        report_name=row.report_name,
        planned_at=row.planned_at,
        status=RunStatus(row.status),
        size=row.size,
        error=row.error,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
