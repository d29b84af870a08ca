"""The front door of scheduled reports: what is declared, what was run, and a run on request."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.events.service import publish
from bursar.pages import Page, PageRequest
from bursar.scheduled_reports import queries
from bursar.scheduled_reports.commands import DeclaredReport, ReportFormat, ReportKind
from bursar.scheduled_reports.declared import ReportRefused, put_reports, seal_again
from bursar.scheduled_reports.destinations import destination_of
from bursar.scheduled_reports.events import ReportRequested
from bursar.scheduled_reports.models import Report, ReportRun, RunStatus
from bursar.scheduled_reports.planning import BeingSent, plan_run
from bursar.scheduled_reports.timetables import timetable_of
from bursar.scheduled_reports.views import ReportView, RunView

__all__ = [
    "BeingSent",
    "ReportRefused",
    "ReportView",
    "RunStatus",
    "RunView",
    "UnknownReport",
    "count_reports_not_sent",
    "find_report",
    "find_reports",
    "last_runs",
    "list_declared",
    "newest_runs",
    "page_of_reports",
    "page_of_runs",
    "plan_now",
    "put_reports",
    "seal_again",
    "view_of_run",
]


class UnknownReport(LookupError):
    """There is no such report, or it is no longer declared."""


def list_declared(session: Session, enterprise_uuid: UUID) -> Sequence[DeclaredReport]:
    """Every report of the enterprise by name, without its password or key."""
    mine = select(Report).where(Report.enterprise_uuid == enterprise_uuid).order_by(Report.name)
    return [
        DeclaredReport(
            uuid=report.uuid,
            name=report.name,
            what=ReportKind(report.what),
            format=ReportFormat(report.format),
            timetable=timetable_of(report.timetable),
            filters=report.filters,
            to=destination_of(report.destination),
            pgp_public_key=report.pgp_public_key,
        )
        for report in session.scalars(mine)
    ]


def find_reports(
    connection: Connection, *, enterprise_uuid: UUID | None = None, name: str | None = None
) -> Sequence[ReportView]:
    """By enterprise and name."""
    return queries.find_reports(connection, enterprise_uuid, name)


def page_of_reports(
    connection: Connection, enterprise_uuid: UUID, wanted: PageRequest
) -> tuple[Page, Sequence[ReportView]]:
    """By name. Raises PageOutOfRange."""
    return queries.page_of_reports(connection, enterprise_uuid, wanted)


def find_report(connection: Connection, uuid: UUID) -> ReportView:
    """Raises UnknownReport."""
    found = queries.reports(connection, select(Report).where(Report.uuid == uuid))
    if not found:
        raise UnknownReport(uuid)
    return found[0]


def count_reports_not_sent(connection: Connection, enterprise_uuid: UUID) -> int:
    """Of how many the newest run has failed."""
    return queries.count_reports_not_sent(connection, enterprise_uuid)


def last_runs(connection: Connection, reports: Sequence[UUID]) -> Mapping[UUID, RunView]:
    """The run of each report that was planned last, by the report; nothing for one without any."""
    return queries.last_runs(connection, reports)


def page_of_runs(
    connection: Connection, report_uuid: UUID, wanted: PageRequest
) -> tuple[Page, Sequence[RunView]]:
    """Of one report, the newest first. Raises PageOutOfRange."""
    return queries.page_of_runs(connection, report_uuid, wanted)


def newest_runs(
    connection: Connection,
    *,
    enterprise_uuid: UUID | None = None,
    name: str | None = None,
    status: RunStatus | None = None,
    limit: int,
) -> Sequence[RunView]:
    """Those that were planned last, the newest first."""
    return queries.newest_runs(
        connection, enterprise_uuid=enterprise_uuid, name=name, status=status, limit=limit
    )


def plan_now(session: Session, actor: Actor, report_uuid: UUID, now: datetime) -> UUID:
    """Plans a run that no timetable asks for, and returns its uuid: a worker sends it once the
    caller's transaction is committed. A run that waits gives way.

    Raises UnknownReport and BeingSent.
    """
    report = session.get(Report, report_uuid, with_for_update=True, populate_existing=True)
    if report is None:
        raise UnknownReport(report_uuid)
    run_uuid = plan_run(session, report, now, now)
    asked = ReportRequested(
        object_id=report.uuid,
        enterprise_uuid=report.enterprise_uuid,
        changes={"name": (None, report.name), "run": (None, str(run_uuid))},
    )
    publish(session, actor, [asked], at=now)
    return run_uuid


def view_of_run(connection: Connection, uuid: UUID) -> RunView:
    """Raises UnknownReport when it is not known any more."""
    found = queries.runs(connection, select(*ReportRun.__table__.c).where(ReportRun.uuid == uuid))
    if not found:
        raise UnknownReport(uuid)
    return found[0]
