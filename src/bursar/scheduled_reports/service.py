"""The front door of scheduled reports: what is declared of an enterprise, and what is stored."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.scheduled_reports.commands import (
    DeclaredReport,
    ReportFormat,
    ReportKind,
)
from bursar.scheduled_reports.declared import ReportRefused, put_reports, seal_again
from bursar.scheduled_reports.destinations import destination_of
from bursar.scheduled_reports.models import Report
from bursar.scheduled_reports.timetables import timetable_of

__all__ = ["ReportRefused", "list_declared", "put_reports", "seal_again"]


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
