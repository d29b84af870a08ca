"""The front door of reporting: a page of the report, or all of it."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from bursar.pages import Page, PageRequest
from bursar.reporting import queries
from bursar.reporting.commands import Report, Subject
from bursar.reporting.course_urls import CourseUrls
from bursar.reporting.rows import Presenter
from bursar.reporting.views import LearnerSummary


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


def _presenter(connection: Connection, subject: Subject) -> Presenter:
    urls = CourseUrls(connection, subject.root_url, subject.enterprise_uuid)
    return Presenter(str(subject.enterprise_uuid), subject.name, urls)
