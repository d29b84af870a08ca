"""Bulk enrollment over HTTP: ask for it, see how far it is, and read what came of it."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Self
from uuid import UUID

import msgspec
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.clock import format_instant
from bursar.database.types import AnyRow
from bursar.enrollment.bulk import jobs, queries, service
from bursar.enrollment.bulk.csv_file import csv_chunks
from bursar.enrollment.bulk.rules import MOST_TOGETHER, JobState, PairStatus
from bursar.enrollment.bulk.service import Wish
from bursar.web.call import Answer, Call, enterprise_of
from bursar.web.endpoint import Documentation, Endpoint, Link, Parameter
from bursar.web.fields import MOST_ITEMS, EmailAddresses
from bursar.web.negotiation import Format
from bursar.web.pagination import next_link, previous_link, select_page
from bursar.web.validation import Body

PATH: Final = "/enterprise/v1/bulk-license-enrollment"
PAGE_SIZE: Final = 100

CourseKey = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]
"""Anything that is not blank: one that is no known run fails its pairs."""


class BulkEnrollmentBody(Body):
    emails: EmailAddresses
    course_run_keys: Annotated[list[CourseKey], Field(min_length=1, max_length=MOST_ITEMS)]
    notify: bool = False

    @property
    def wish(self) -> Wish:
        return Wish(
            list(dict.fromkeys(self.emails)),
            list(dict.fromkeys(self.course_run_keys)),
            self.notify,
        )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        together = len(self.wish.emails) + len(self.wish.course_run_keys)
        if together > MOST_TOGETHER:
            message = (
                f"At most {MOST_TOGETHER} learners and course keys together; these are {together}."
            )
            raise PydanticCustomError("value_error", "{error}", {"error": message})
        return self


class BulkEnrollmentAnswer(msgspec.Struct, frozen=True):
    job_id: UUID


class BulkEnrollmentStatus(msgspec.Struct, frozen=True):
    job_id: UUID
    state: JobState
    total: int
    done: int
    succeeded: int
    pending: int
    failed: int
    created: str
    finished: str | None
    download_url: str


class BulkEnrollmentPair(msgspec.Struct, frozen=True):
    email: str
    course_run_key: str
    status: PairStatus
    notes: str


class BulkEnrollmentPairs(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: list[BulkEnrollmentPair]


def create(call: Call, session: Session, body: Any) -> Answer:
    asked: BulkEnrollmentBody = body
    uuid = service.create_job(
        session,
        Actor(call.principal.client_id, call.request_id),
        enterprise_of(call),
        asked.wish,
        call.now,
        has_lms=bool(call.settings.lms_url),
    )
    jobs.enqueue_job(call.services.queue, session, uuid)
    return Answer(BulkEnrollmentAnswer(uuid), status=201, headers={"Location": _url_of(call, uuid)})


def _url_of(call: Call, uuid: UUID) -> str:
    return f"{call.url.partition(PATH)[0]}{PATH}/{uuid}"


def get_status(call: Call, _connection: Connection) -> Answer:
    job = call.found
    return Answer(
        BulkEnrollmentStatus(
            job_id=job.uuid,
            state=JobState(job.state),
            total=job.total,
            done=_done(job),
            succeeded=job.succeeded_count,
            pending=job.pending_count,
            failed=job.failed_count,
            created=format_instant(job.created_at),
            finished=None if job.finished_at is None else format_instant(job.finished_at),
            download_url=f"{_url_of(call, job.uuid)}/download",
        )
    )


def _done(job: AnyRow) -> int:
    number: int = job.succeeded_count + job.pending_count + job.failed_count
    return number


def list_rows(call: Call, connection: Connection) -> Answer:
    job = call.found
    page = select_page(call.query, count=_done(job), size=PAGE_SIZE)
    # Numbers are without gaps once all pairs are done: nothing has to be skipped row by row.
    where = {"first" if job.state == JobState.DONE else "offset": page.start}
    rows = queries.page_of_rows(connection, job.uuid, size=PAGE_SIZE, **where)
    return Answer(
        BulkEnrollmentPairs(
            count=page.count,
            next=next_link(call.url, call.query, page),
            previous=previous_link(call.url, call.query, page),
            results=[
                BulkEnrollmentPair(row.email, row.course_run_key, PairStatus(row.status), row.notes)
                for row in rows
            ],
        )
    )


def download(call: Call, _connection: Connection) -> Answer:
    uuid = call.found.uuid

    def chunks(connection: Connection) -> Iterator[bytes]:
        return csv_chunks(queries.all_rows(connection, uuid))

    headers = {"Content-Disposition": f'attachment; filename="bulk-enrollment-{uuid}.csv"'}
    return Answer(stream=chunks, headers=headers)


_TAG: Final = "bulk-license-enrollment"
_UUID: Final = {"type": "string", "format": "uuid"}
_ENTERPRISE: Final = Parameter("enterprise_customer_uuid", "The enterprise.", _UUID, required=True)
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


def endpoints() -> list[Endpoint]:
    return [_create(), _status_by_query(), _status(), _rows(), _download()]


def _create() -> Endpoint:
    return Endpoint(
        "POST",
        PATH,
        Documentation(
            "Enroll many learners in many courses",
            "Every learner in every course run, at the expense of the learners' licenses. At most "
            "1,000 learners and course keys together. The answer names a job that goes on in the "
            "background.",
            _TAG,
            (_ENTERPRISE,),
            BulkEnrollmentAnswer,
            {"job_id": _JOB_ID},
            status=201,
            links=tuple(
                Link(summary, {"job_id": "$response.body#/job_id"}) for summary in _OF_A_JOB
            ),
        ),
        owned=queries.ENTERPRISE,
        query_names=("enterprise_customer_uuid",),
        write=create,
        body=BulkEnrollmentBody,
    )


def _status_by_query() -> Endpoint:
    job = Parameter("bulk_enrollment_job_uuid", "The job.", _UUID, required=True)
    return Endpoint(
        "GET",
        PATH,
        Documentation(
            "Find the status of a bulk enrollment",
            "The same as under the job's own address.",
            _TAG,
            (_ENTERPRISE, job),
            BulkEnrollmentStatus,
            _STATUS_EXAMPLE,
        ),
        owned=queries.JOB_OF_ENTERPRISE,
        query_names=("enterprise_customer_uuid", "bulk_enrollment_job_uuid"),
        read=get_status,
    )


def _status() -> Endpoint:
    return Endpoint(
        "GET",
        _JOB,
        Documentation(
            _OF_A_JOB[0],
            "How many pairs of a learner and a course run are done, and how they fared. A pending "
            "pair is enrolled when its license is activated.",
            _TAG,
            response=BulkEnrollmentStatus,
            example=_STATUS_EXAMPLE,
        ),
        owned=queries.JOB,
        read=get_status,
    )


def _rows() -> Endpoint:
    return Endpoint(
        "GET",
        f"{_JOB}/rows",
        Documentation(
            _OF_A_JOB[1],
            "Those that are done, learner by learner in the order of the request.",
            _TAG,
            (Parameter("page", "A page number, or `last`.", {"type": "string"}),),
            BulkEnrollmentPairs,
            _ROWS_EXAMPLE,
        ),
        owned=queries.JOB,
        read=list_rows,
    )


def _download() -> Endpoint:
    return Endpoint(
        "GET",
        f"{_JOB}/download",
        Documentation(
            _OF_A_JOB[2],
            "All that are done, as a CSV file, whatever `Accept` says. What a spreadsheet would "
            "take for a formula has an apostrophe in front.",
            _TAG,
            response={"type": "string"},
        ),
        owned=queries.JOB,
        read=download,
        formats=(Format.CSV,),
        ignores_accept=True,
    )
