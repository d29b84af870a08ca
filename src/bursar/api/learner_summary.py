"""`learner-summary` over HTTP: a page in JSON or XML, or all rows as CSV or lines of JSON."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from sqlalchemy import Connection

from bursar import clock
from bursar.emails import from_query
from bursar.pages import PageRequest
from bursar.reporting import service
from bursar.reporting.commands import (
    DEFAULT_ORDERING,
    Activity,
    EnrollmentStatus,
    Filters,
    Ordering,
    Passed,
    Progress,
    Report,
    Subject,
    Term,
)
from bursar.reporting.export import csv_chunks, ndjson_chunks
from bursar.reporting.fields import NAMES
from bursar.reporting.owned import ENTERPRISE, ReportedEnterprise
from bursar.reporting.views import LearnerSummary
from bursar.web.call import Answer
from bursar.web.negotiation import Format
from bursar.web.parameters import pattern_of_several, plus_meant
from bursar.web.query import (
    DAY,
    INSTANT,
    TEXT,
    PageNumber,
    Query,
    Repeatable,
    WrongValue,
    one_of,
    plain_text,
    size_of_page,
    visible,
)
from bursar.web.request import HttpRequest
from bursar.web.routes import Routes

routes: Final = Routes("learner-summary", from_standby=True)
OwnedEnterprise: TypeAlias = Annotated[ReportedEnterprise, ENTERPRISE]

_FILES: Final[dict[Format, Callable[[Iterable[Sequence[LearnerSummary]]], Iterator[bytes]]]] = {
    Format.CSV: csv_chunks,
    Format.NDJSON: ndjson_chunks,
}


_ADDRESS: Final = plain_text(lambda given: from_query(visible(given)))
_KEY: Final = plain_text(lambda given: visible(plus_meant(given.strip())))


def _ordering(texts: Sequence[str]) -> Ordering:
    """Several names, by comma or by saying `ordering` again; the first mention of each counts."""
    terms: dict[str, Term] = {}
    unknown: list[str] = []
    for given in map(str.strip, ",".join(texts).split(",")):
        name = given.removeprefix("-")
        if name in NAMES:
            terms.setdefault(name, Term(name, descends=given.startswith("-")))
        elif given:
            unknown.append(name)
    if unknown:
        raise WrongValue(*(f'"{name[:100]}" is no field to order by.' for name in unknown))
    return tuple(terms.values()) or DEFAULT_ORDERING


_ORDERING: Final = Repeatable(
    _ordering, schema={"type": "string", "pattern": pattern_of_several(NAMES)}
)


class LearnerSummaryQuery(Query, frozen=True, kw_only=True):
    page: PageNumber = 1
    page_size: Annotated[
        int, size_of_page(default=10, maximum=10_000), "Rows on a page, up to 10,000."
    ] = 10
    ordering: Annotated[
        Ordering,
        _ORDERING,
        "Fields to order by, separated by commas; with `-` in front one descends. Null comes last.",
    ] = DEFAULT_ORDERING
    search: Annotated[str | None, TEXT, "Part of the e-mail address."] = None
    search_course: Annotated[str | None, TEXT, "Part of the course's title."] = None
    search_all: Annotated[str | None, TEXT, "Part of either."] = None
    search_start_date: Annotated[date | None, DAY, "The day on which the course starts."] = None
    search_enrollment: Annotated[
        EnrollmentStatus | None, one_of(EnrollmentStatus), "Whether still enrolled."
    ] = None
    learner_activity: Annotated[
        Activity | None, one_of(Activity), "When the learner was last active."
    ] = None
    passed_date: Annotated[Passed | None, one_of(Passed), "When the learner passed."] = None
    user_email: Annotated[str | None, _ADDRESS, "Only this learner."] = None
    course_key: Annotated[str | None, _KEY, "Only this course."] = None
    courserun_key: Annotated[str | None, _KEY, "Only this course run."] = None
    progress_status: Annotated[Progress | None, one_of(Progress), "Only this progress."] = None
    updated_since: Annotated[
        datetime | None,
        INSTANT,
        "Only what changed after this instant: the X-Next-Updated-Since of an earlier answer. "
        "Without consent, only who enrolled or unenrolled.",
    ] = None

    def filters(self) -> Filters:
        return Filters(**{name: getattr(self, name) for name in Filters.__dataclass_fields__})


class LearnerSummaryPage(msgspec.Struct):
    next: str | None
    previous: str | None
    count: int
    num_pages: int
    current_page: int
    start: int
    results: list[LearnerSummary]


EXAMPLE: Final[dict[str, Any]] = {
    "next": None,
    "previous": None,
    "count": 1,
    "num_pages": 1,
    "current_page": 1,
    "start": 0,
    "results": [
        {
            "is_consent_granted": True,
            "amount_learner_paid": 0.0,
            "contract_id": None,
            "coupon_code": None,
            "coupon_name": None,
            "course_api_url": "https://api.example.org/enterprise/v2/enterprise-catalogs/"
            "3f56a21c-76c8-47c0-add8-a99714d40d94/courses/edX+DemoX",
            "course_duration": 6,
            "course_end": "2026-12-18",
            "course_key": "edX+DemoX",
            "course_list_price": 149.0,
            "course_max_effort": 5,
            "course_min_effort": 3,
            "course_pacing_type": "self_paced",
            "course_primary_program": None,
            "course_primary_subject": "Computer Science",
            "course_start": "2026-01-12",
            "course_title": "Demonstration Course",
            "courserun_key": "course-v1:edX+DemoX+2026",
            "created": "2026-02-24T09:30:00Z",
            "current_grade": 0.87,
            "enrollment_date": "2026-01-20",
            "enrollment_id": 4711,
            "enterprise_customer_uuid": "66b5922b-a22b-4a7b-b587-d4af0378bd6f",
            "enterprise_enrollment_id": 4711,
            "enterprise_name": "Acme",
            "enterprise_sso_uid": None,
            "enterprise_user_id": 123123,
            "has_passed": True,
            "is_refunded": False,
            "last_activity_date": "2026-02-23",
            "letter_grade": "B",
            "offer_name": None,
            "offer_type": None,
            "paid_by": "Enterprise",
            "passed_date": "2026-02-20",
            "progress_status": "Passed",
            "seat_delivery_method": "Subscription",
            "unenrollment_date": None,
            "unenrollment_end_within_date": "2026-02-03",
            "user_account_creation_date": "2025-11-03T08:00:00Z",
            "user_country": "ES",
            "user_current_enrollment_mode": "verified",
            "user_email": "ana@example.com",
            "user_username": "ana",
        }
    ],
}


@routes.get(
    "/enterprise/v3/enterprise-customer/{enterprise_uuid:uuid}/learner-summary",
    example=EXAMPLE,
    formats=(Format.JSON, Format.XML, Format.CSV, Format.NDJSON),
    headers=("X-Next-Updated-Since",),
)
def summarize(
    enterprise: OwnedEnterprise,
    query: LearnerSummaryQuery,
    request: HttpRequest,
    connection: Connection,
) -> Answer[LearnerSummaryPage]:
    """Summarize the progress of learners

    Every enrollment of the enterprise's learners, the latest activity first. Without a learner's
    consent, what tells of the person and of progress is null, and no filter or ordering sees it.
    CSV and NDJSON hold all rows, whatever the page.
    """
    today = request.now.date()
    report = Report(enterprise.enterprise_uuid, today, query.filters(), query.ordering)
    subject = Subject(enterprise.enterprise_uuid, enterprise.name, request.root)
    cursor = _cursor(enterprise.changed_until)
    if request.negotiated.format in _FILES:
        return _file(request.negotiated.format, report, subject, cursor)
    wanted = PageRequest(query.page_size, query.page)
    page, summaries = service.read_page(connection, report, subject, wanted)
    return Answer(
        LearnerSummaryPage(
            next=request.next_link(page),
            previous=request.previous_link(page),
            count=page.count,
            num_pages=page.pages,
            current_page=page.number,
            start=page.start,
            results=summaries,
        ),
        headers=cursor,
    )


def _cursor(changed_until: datetime | None) -> dict[str, str]:
    """The `updated_since` that leaves out no change which this answer does not show."""
    return {"X-Next-Updated-Since": clock.format_instant(changed_until or clock.NEVER)}


def _file(
    kind: Format, report: Report, subject: Subject, cursor: Mapping[str, str]
) -> Answer[LearnerSummaryPage]:
    def stream(connection: Connection) -> Iterator[bytes]:
        return _FILES[kind](service.read_all(connection, report, subject))

    name = f"learner_progress_report.{kind.value}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Answer(stream=stream, headers={**headers, **cursor})
