"""Bulk enrollment over HTTP: ask for it, see how far it is, and read what came of it."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final, Self, TypeAlias
from uuid import UUID

import msgspec
from pydantic import Field, StringConstraints, model_validator
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.enrollment.bulk import service
from bursar.enrollment.bulk.commands import RequestBulkEnrollment
from bursar.enrollment.bulk.owned import (
    ENTERPRISE,
    JOB,
    JOB_OF_ENTERPRISE,
    EnterpriseTarget,
    JobTarget,
)
from bursar.enrollment.bulk.rules import MOST_TOGETHER
from bursar.enrollment.bulk.views import BulkEnrollmentJobView, BulkEnrollmentPair, view_of
from bursar.pages import PageRequest
from bursar.settings import Settings
from bursar.web.call import Answer
from bursar.web.endpoint import Link
from bursar.web.fields import MOST_ITEMS, EmailAddresses, Visible
from bursar.web.negotiation import Format
from bursar.web.query import IDENTIFIER, PageNumber, Query
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Routes
from bursar.web.validation import Body, problem

PATH: Final = "/enterprise/v1/bulk-license-enrollment"
_NOUN: Final = "/bulk-license-enrollment"
PAGE_SIZE: Final = 100

routes: Final = Routes("bulk-license-enrollment")
OwnedEnterprise: TypeAlias = Annotated[EnterpriseTarget, ENTERPRISE]
OwnedJob: TypeAlias = Annotated[JobTarget, JOB]
OwnedJobOfEnterprise: TypeAlias = Annotated[JobTarget, JOB_OF_ENTERPRISE]
_Enterprise: TypeAlias = Annotated[UUID, IDENTIFIER, "The enterprise."]

CourseKey = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000), Visible
]
"""Anything that is not blank: one that is no known run fails its pairs."""


class BulkEnrollmentBody(Body):
    emails: EmailAddresses
    course_run_keys: Annotated[list[CourseKey], Field(min_length=1, max_length=MOST_ITEMS)]
    notify: bool = False

    @property
    def distinct_emails(self) -> list[str]:
        return list(dict.fromkeys(self.emails))

    @property
    def distinct_keys(self) -> list[str]:
        return list(dict.fromkeys(self.course_run_keys))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        together = len(self.distinct_emails) + len(self.distinct_keys)
        if together > MOST_TOGETHER:
            message = (
                f"At most {MOST_TOGETHER} learners and course keys together; these are {together}."
            )
            raise problem(message)
        return self


class EnterpriseQuery(Query, frozen=True, kw_only=True):
    enterprise_customer_uuid: _Enterprise


class JobQuery(Query, frozen=True, kw_only=True):
    enterprise_customer_uuid: _Enterprise
    bulk_enrollment_job_uuid: Annotated[UUID, IDENTIFIER, "The job."]


class PairsQuery(Query, frozen=True, kw_only=True):
    page: PageNumber = 1


class BulkEnrollmentAnswer(msgspec.Struct, frozen=True):
    job_id: UUID


class BulkEnrollmentStatus(BulkEnrollmentJobView, frozen=True):
    download_url: str


class BulkEnrollmentPairs(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: Sequence[BulkEnrollmentPair]


_JOB: Final = f"{PATH}/{{job_id:uuid}}"
_JOB_ID: Final = "5a1c9e0e-6a5d-4a0f-8d0f-6a9d6a5b7c11"
_OF_A_JOB: Final = (
    "Get the status of a bulk enrollment",
    "List the pairs of a bulk enrollment",
    "Download the pairs of a bulk enrollment",
)
_STATUS_EXAMPLE: Final[dict[str, Any]] = {
    "job_id": _JOB_ID,
    "state": "running",
    "total": 250000,
    "done": 48000,
    "succeeded": 46210,
    "pending": 1500,
    "failed": 290,
    "created": "2026-02-24T09:30:00Z",
    "finished": None,
    "download_url": f"https://api.example.org{PATH}/{_JOB_ID}/download",
}
_ROWS_EXAMPLE: Final[dict[str, Any]] = {
    "count": 1,
    "next": None,
    "previous": None,
    "results": [
        {
            "email": "abc@example.com",
            "course_run_key": "course-v1:edX+DemoX+2026",
            "status": "pending",
            "notes": "pending license activation",
        }
    ],
}


@routes.post(
    PATH,
    status=201,
    example={"job_id": _JOB_ID},
    links=tuple(Link(summary, {"job_id": "$response.body#/job_id"}) for summary in _OF_A_JOB),
)
def create(
    enterprise: OwnedEnterprise,
    _query: EnterpriseQuery,
    body: BulkEnrollmentBody,
    caller: Caller,
    request: HttpRequest,
    *,
    session: Session,
    settings: Settings,
) -> Answer[BulkEnrollmentAnswer]:
    """Enroll many learners in many courses

    Every learner in every course run, at the expense of the learners' licenses. At most 1,000
    learners and course keys together. The answer names a job that goes on in the background.
    """
    command = RequestBulkEnrollment(
        enterprise.enterprise_uuid, body.distinct_emails, body.distinct_keys, body.notify
    )
    uuid = service.request_bulk_enrollment(
        session, caller.actor, command, has_lms=bool(settings.lms_url)
    )
    headers = {"Location": _url_of(request, uuid)}
    return Answer(BulkEnrollmentAnswer(uuid), status=201, headers=headers)


@routes.get(PATH, example=_STATUS_EXAMPLE)
def find_status(
    job: OwnedJobOfEnterprise, _query: JobQuery, request: HttpRequest, _connection: Connection
) -> BulkEnrollmentStatus:
    """Find the status of a bulk enrollment

    The same as under the job's own address.
    """
    return _status_of(job, request)


@routes.get(_JOB, example=_STATUS_EXAMPLE)
def get_status(
    job: OwnedJob, request: HttpRequest, _connection: Connection
) -> BulkEnrollmentStatus:
    """Get the status of a bulk enrollment

    How many pairs of a learner and a course run are done, and how they fared. A pending pair is
    enrolled when its license is activated.
    """
    return _status_of(job, request)


@routes.get(f"{_JOB}/rows", example=_ROWS_EXAMPLE)
def list_pairs(
    job: OwnedJob, query: PairsQuery, request: HttpRequest, connection: Connection
) -> BulkEnrollmentPairs:
    """List the pairs of a bulk enrollment

    Those that are done, learner by learner in the order of the request.
    """
    page, pairs = service.list_pairs(connection, job, PageRequest(PAGE_SIZE, query.page))
    return BulkEnrollmentPairs(
        page.count, request.next_link(page), request.previous_link(page), pairs
    )


@routes.get(
    f"{_JOB}/download",
    schema={"type": "string"},
    formats=(Format.CSV,),
    ignores_accept=True,
)
def download(job: OwnedJob, _connection: Connection) -> Answer[bytes]:
    """Download the pairs of a bulk enrollment

    All that are done, as a CSV file, whatever `Accept` says. What a spreadsheet would take for a
    formula has an apostrophe in front.
    """

    def chunks(connection: Connection) -> Iterator[bytes]:
        return service.download_pairs(connection, job)

    headers = {"Content-Disposition": f'attachment; filename="bulk-enrollment-{job.uuid}.csv"'}
    return Answer(stream=chunks, headers=headers)


def _status_of(job: JobTarget, request: HttpRequest) -> BulkEnrollmentStatus:
    download_url = f"{_url_of(request, job.uuid)}/download"
    return BulkEnrollmentStatus(**msgspec.structs.asdict(view_of(job)), download_url=download_url)


def _url_of(request: HttpRequest, uuid: UUID) -> str:
    """On the prefix that was called: the services' own paths lead here too."""
    return f"{request.url.partition(_NOUN)[0]}{_NOUN}/{uuid}"
