"""What bulk enrolment declares."""

from typing import Any, Final

from bursar.bulk_enrollment import queries, routes
from bursar.bulk_enrollment.routes import PATH
from bursar.bulk_enrollment.schemas import (
    BulkEnrollmentAnswer,
    BulkEnrollmentBody,
    BulkEnrollmentPairs,
    BulkEnrollmentStatus,
)
from bursar.web.endpoint import Documentation, Endpoint, Link, Parameter
from bursar.web.negotiation import Format

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
        write=routes.create,
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
        read=routes.get_status,
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
        read=routes.get_status,
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
        read=routes.list_rows,
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
        read=routes.download,
        formats=(Format.CSV,),
        ignores_accept=True,
    )
