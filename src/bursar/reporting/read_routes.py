"""Reads the report: a page of it, or all of it as a file."""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Connection

from bursar.database.types import AnyRow
from bursar.pages import Page
from bursar.reporting import queries
from bursar.reporting.course_urls import CourseUrls
from bursar.reporting.export import chunks
from bursar.reporting.queries import Report
from bursar.reporting.rows import Presenter
from bursar.reporting.schemas import LearnerSummary, LearnerSummaryPage
from bursar.web.call import Answer, Call, enterprise_of
from bursar.web.negotiation import Format
from bursar.web.pagination import next_link, previous_link, select_page

PATH: Final = "/enterprise/v3/enterprise-customer/{enterprise_uuid:uuid}/learner-summary"
_ROOT: Final = "/enterprise/v3/"
FILE_NAME: Final = "learner_progress_report"


def summarise(call: Call, connection: Connection) -> Answer:
    if call.negotiated.format in {Format.CSV, Format.NDJSON}:
        return _file(call)
    page, rows = _page(call, connection)
    return Answer(
        LearnerSummaryPage(
            next=next_link(call.url, call.query, page),
            previous=previous_link(call.url, call.query, page),
            count=page.count,
            num_pages=page.pages,
            current_page=page.number,
            start=page.start,
            results=_presenter(call, connection).present(rows),
        )
    )


def _page(call: Call, connection: Connection) -> tuple[Page, Sequence[AnyRow]]:
    """Raises InvalidPage."""
    report = _report(call)
    if call.query.get("page") in {None, "1"}:
        rows, total = queries.first_page(connection, report)
        return select_page(call.query, count=total, size=report.wanted.size), rows
    total = queries.count(connection, report)
    page = select_page(call.query, count=total, size=report.wanted.size)
    return page, queries.page(connection, report, page)


def _report(call: Call) -> Report:
    return Report(enterprise_of(call), call.parameters, call.now.date())


def _presenter(call: Call, connection: Connection) -> Presenter:
    enterprise = call.found
    root = call.url.rpartition(_ROOT)[0]
    urls = CourseUrls(connection, root, enterprise.uuid)
    return Presenter(str(enterprise.uuid), enterprise.name, urls)


def _file(call: Call) -> Answer:
    format_, report = call.negotiated.format, _report(call)

    def stream(connection: Connection) -> Iterator[bytes]:
        presenter = _presenter(call, connection)
        rows = queries.all_rows(connection, report)
        return chunks(format_, _presented(presenter, rows))

    name = f"{FILE_NAME}.{format_.value}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Answer(stream=stream, headers=headers)


def _presented(
    presenter: Presenter, batches: Iterator[Sequence[AnyRow]]
) -> Iterator[list[LearnerSummary]]:
    for rows in batches:
        yield presenter.present(rows)
