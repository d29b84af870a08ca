"""What operators read of reports and runs."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, select
from sqlalchemy.orm import Session

from bursar.identity.service import find_enterprises
from bursar.scheduled_reports.destinations import destination_of, recipients_of
from bursar.scheduled_reports.models import Report, ReportRun, RunStatus
from bursar.scheduled_reports.views import ReportView, RunView


def find_reports(
    connection: Connection, enterprise_uuid: UUID | None, name: str | None
) -> Sequence[ReportView]:
    """By enterprise and name; None stands for every one."""
    statement = select(Report).order_by(Report.enterprise_uuid, Report.name)
    if enterprise_uuid is not None:
        statement = statement.where(Report.enterprise_uuid == enterprise_uuid)
    if name is not None:
        statement = statement.where(Report.name == name)
    with Session(connection) as session:
        reports = session.scalars(statement).all()
        enterprises = find_enterprises(connection, {each.enterprise_uuid for each in reports})
        return [_shown(report, enterprises[report.enterprise_uuid].slug) for report in reports]


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
    )


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
    return [
        RunView(
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
        for row in connection.execute(statement)
    ]
