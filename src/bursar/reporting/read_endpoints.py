"""What the report declares, with an example of the API reference's kind."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

from bursar.reporting import queries, read_routes
from bursar.reporting.fields import NAMES
from bursar.reporting.parameters import Activity, Enrolled, Passed, Progress, read_parameters
from bursar.reporting.schemas import LearnerSummaryPage
from bursar.web.endpoint import Documentation, Endpoint, Parameter
from bursar.web.negotiation import Format
from bursar.web.parameters import pattern_of_several

_STRING: Final = {"type": "string"}
_DAY: Final = {"type": "string", "format": "date"}
_INSTANT: Final = {"type": "string", "format": "date-time"}


def read_endpoints() -> list[Endpoint]:
    return [
        Endpoint(
            "GET",
            read_routes.PATH,
            Documentation(
                "Summarize the progress of learners",
                "Every enrollment of the enterprise's learners, the latest activity first. Without "
                "a learner's consent, what tells of the person and of progress is null, and no "
                "filter or ordering sees it. CSV and NDJSON hold all rows, whatever the page.",
                "learner-summary",
                _PARAMETERS,
                LearnerSummaryPage,
                EXAMPLE,
            ),
            owned=queries.ENTERPRISE,
            read=read_routes.summarise,
            parameters=read_parameters,
            formats=(Format.JSON, Format.XML, Format.CSV, Format.NDJSON),
        )
    ]


def _one_of(choices: Iterable[StrEnum]) -> dict[str, Any]:
    return {"enum": [str(choice) for choice in choices]}


_PARAMETERS: Final = (
    Parameter("page", "A page number, or `last`.", _STRING),
    Parameter("page_size", "Rows on a page, up to 10,000.", {"type": "integer", "minimum": 1}),
    Parameter(
        "ordering",
        "Fields to order by, separated by commas; with `-` in front one descends. Null comes last.",
        {"type": "string", "pattern": pattern_of_several(NAMES)},
    ),
    Parameter("search", "Part of the e-mail address.", _STRING),
    Parameter("search_course", "Part of the course's title.", _STRING),
    Parameter("search_all", "Part of either.", _STRING),
    Parameter("search_start_date", "The day on which the course starts.", _DAY),
    Parameter("search_enrollment", "Whether still enrolled.", _one_of(Enrolled)),
    Parameter("learner_activity", "When the learner was last active.", _one_of(Activity)),
    Parameter("passed_date", "When the learner passed.", _one_of(Passed)),
    Parameter("user_email", "Only this learner.", _STRING),
    Parameter("course_key", "Only this course.", _STRING),
    Parameter("courserun_key", "Only this course run.", _STRING),
    Parameter("progress_status", "Only this progress.", _one_of(Progress)),
    Parameter(
        "updated_since",
        "Only what changed at or after this instant; without consent, only who enrolled or "
        "unenrolled.",
        _INSTANT,
    ),
)

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
