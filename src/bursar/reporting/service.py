"""The front door of reporting: a page of the report, or all of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.enrollment.telling import PresentRows
from bursar.pages import Page, PageRequest
from bursar.reporting import queries
from bursar.reporting.commands import Report, Subject
from bursar.reporting.course_urls import CourseUrls
from bursar.reporting.progress import (
    CourseProgress,
    Pass,
    Period,
    enrollments_by_day,
    passes,
    progress_by_course,
)
from bursar.reporting.rows import Presenter
from bursar.reporting.views import LearnerSummary

__all__ = [
    "CourseProgress",
    "Pass",
    "Period",
    "enrollments_by_day",
    "passes",
    "presenting_rows",
    "progress_by_course",
    "read_all",
    "read_page",
]
_BATCH: Final = 10_000


def read_page(
    connection: Connection, report: Report, subject: Subject, wanted: PageRequest
) -> tuple[Page, list[LearnerSummary]]:
    """A page of the report. Raises PageOutOfRange. Without consent, personal fields are null."""
    if wanted.is_first:
        rows, total = queries.first_page(connection, report, wanted.size)
        page = wanted.within(total)
    else:
        page = wanted.within(queries.count(connection, report))
        rows = queries.page(connection, report, page)
    return page, _presenter(connection, subject).present(rows)


def read_all(
    connection: Connection, report: Report, subject: Subject
) -> Iterator[Sequence[LearnerSummary]]:
    """Every row, in batches that keep memory constant. The connection must be in a snapshot."""
    presenter = _presenter(connection, subject)
    for rows in queries.all_rows(connection, report):
        yield presenter.present(rows)


def presenting_rows(root_url: str) -> PresentRows:
    """How events of enrollments show their rows: as a page of the report does, and by the same
    functions. Without a URL of the API, links to courses begin with the path."""

    def present(
        session: Session, enterprise_uuid: UUID, ids: Sequence[int], at: datetime
    ) -> dict[int, LearnerSummary]:
        connection = session.connection()
        found: dict[int, LearnerSummary] = {}
        for batch in batched(ids, _BATCH):
            rows = queries.rows_by_id(connection, enterprise_uuid, batch, at.date())
            if rows:
                subject = Subject(enterprise_uuid, rows[0].name_of_enterprise, root_url)
                shown = _presenter(connection, subject).present(rows)
                found |= {summary.enrollment_id: summary for summary in shown}
        return found

    return present


def _presenter(connection: Connection, subject: Subject) -> Presenter:
    urls = CourseUrls(connection, subject.root_url, subject.enterprise_uuid)
    return Presenter(str(subject.enterprise_uuid), subject.name, urls)
