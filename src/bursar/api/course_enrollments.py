"""`course-enrollments` over HTTP: a client enrolls learners itself, without a seat or money."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from pydantic import Field, StringConstraints, WithJsonSchema, model_validator
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.api.people import ADDRESS
from bursar.enrollment.commands import Payer
from bursar.enrollment.direct import service
from bursar.enrollment.direct.commands import (
    Answered,
    CourseMode,
    Outcome,
    RequestEnrollments,
    Wish,
    WishSelection,
    WishState,
)
from bursar.enrollment.direct.owned import ENTERPRISE, EnterpriseTarget
from bursar.enrollment.direct.views import CourseEnrollmentView
from bursar.pages import PageRequest
from bursar.settings import Settings
from bursar.web.fields import LARGEST_INTEGER, MOST_ITEMS, EmailAddress, Visible
from bursar.web.parameters import plus_meant
from bursar.web.query import (
    PageNumber,
    Parameter,
    Query,
    Repeatable,
    WrongValue,
    size_of_page,
    visible,
)
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Routes
from bursar.web.validation import Body, ListBody, problem, validate

routes: Final = Routes("course-enrollments")
OwnedEnterprise: TypeAlias = Annotated[EnterpriseTarget, ENTERPRISE]

_PATH: Final = "/enterprise/v1/enterprise-customer/{enterprise_uuid:uuid}/course-enrollments"
PAGE_SIZE: Final = 100
LARGEST_PAGE: Final = 1000
_KEY: Final = StringConstraints(strip_whitespace=True, min_length=1, max_length=255)
_WHO: Final = "Give user_email or lms_user_id."


class CourseEnrollment(Body):
    """One item of the list."""

    course_run_id: Annotated[str, _KEY, Visible]
    course_mode: Literal["audit", "verified", "professional"]
    user_email: EmailAddress | None = None
    lms_user_id: Annotated[int, Field(ge=0, le=LARGEST_INTEGER)] | None = None
    tpa_user_id: str | None = None
    is_active: bool = True
    email_students: bool = False
    cohort: Annotated[str, Field(max_length=255)] | None = None

    @model_validator(mode="after")
    def _names_a_learner(self) -> "CourseEnrollment":
        if self.tpa_user_id is None and self.user_email is None and self.lms_user_id is None:
            raise problem(_WHO)
        return self

    def wish(self) -> Wish:
        return Wish(
            courserun_key=self.course_run_id,
            email=self.user_email,
            lms_user_id=self.lms_user_id,
            mode=CourseMode(self.course_mode),
            is_active=self.is_active,
            notify=self.email_students,
            cohort=self.cohort,
        )


def _states(texts: Sequence[str]) -> frozenset[WishState]:
    """Several, by comma or by saying `state` again; none at all stands for every state."""
    names = {part.strip() for text in texts for part in text.split(",")} - {""}
    if names - set(WishState):
        raise WrongValue(f"Must be one of: {', '.join(WishState)}.")
    return frozenset(map(WishState, names or WishState))


_STATE: Final = Repeatable(
    _states,
    schema={"type": "array", "items": {"type": "string", "enum": [*map(str, WishState)]}},
)
_RUN: Final = Parameter(lambda given: visible(plus_meant(given.strip())))


class CourseEnrollmentsQuery(Query, frozen=True, kw_only=True):
    state: Annotated[
        frozenset[WishState], _STATE, "One of these; separated by commas, or repeated."
    ] = frozenset(WishState)
    user_email: Annotated[str | None, ADDRESS, "Only this learner."] = None
    course_run_id: Annotated[str | None, _RUN, "Only this course run."] = None
    page: PageNumber = 1
    page_size: Annotated[
        int, size_of_page(default=PAGE_SIZE, maximum=LARGEST_PAGE), "Items on a page, up to 1,000."
    ] = PAGE_SIZE

    def selection(self) -> WishSelection:
        return WishSelection(self.state, self.user_email, self.course_run_id)


class CourseEnrollmentList(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: list[CourseEnrollmentView]


_ITEM: Final = CourseEnrollment.model_json_schema()


class CourseEnrollmentsBody(ListBody):
    root: Annotated[
        list[Annotated[Any, WithJsonSchema(_ITEM)]],
        Field(min_length=1, max_length=MOST_ITEMS),
    ]


ItemAnswer: TypeAlias = dict[str, str | list[str]]
"""`detail`, or an item's errors by field."""

_PAID_BY: Final[Mapping[Payer, str]] = {
    Payer.LICENSE: "A license pays for this enrollment. Revoke the license to end it.",
    Payer.CREDIT: "Learner credit pays for this enrollment. Reverse its transaction to end it.",
}
_REFUSED: Final[Mapping[Outcome, ItemAnswer]] = {
    Outcome.NOT_IN_CATALOG: {
        "course_run_id": ["This course run is in none of the enterprise's catalogs."]
    },
    Outcome.UNKNOWN_ACCOUNT: {
        "lms_user_id": ["No learner of the enterprise has this account. Give user_email."]
    },
}
_TPA: Final[ItemAnswer] = {"tpa_user_id": [f"Not supported. {_WHO}"]}


_LIST_EXAMPLE: Final[dict[str, Any]] = {
    "count": 1,
    "next": None,
    "previous": None,
    "results": [
        {
            "user_email": "abc@example.com",
            "lms_user_id": 501,
            "course_run_id": "course-v1:edX+DemoX+2026",
            "course_mode": "verified",
            "is_active": True,
            "cohort": None,
            "state": "failed",
            "reason": "Enrollment is closed",
            "created": "2026-02-24T09:30:00Z",
            "modified": "2026-02-24T09:30:02Z",
        }
    ],
}


@routes.get(_PATH, example=_LIST_EXAMPLE)
def list_course_enrollments(
    enterprise: OwnedEnterprise,
    query: CourseEnrollmentsQuery,
    request: HttpRequest,
    connection: Connection,
) -> CourseEnrollmentList:
    """List course enrollments

    What was asked for last of each learner and course run, and what came of it; the one that
    changed last comes first. With `state=failed`: those that the LMS refused, with its reason.
    Beyond the reference.
    """
    wanted = PageRequest(query.page_size, query.page)
    page, found = service.list_wishes(
        connection, enterprise.enterprise_uuid, query.selection(), wanted
    )
    return CourseEnrollmentList(
        page.count, request.next_link(page), request.previous_link(page), found
    )


@routes.post(
    _PATH,
    example=[
        {"detail": "success"},
        {"detail": "pending"},
        {"course_run_id": ["This course run is in none of the enterprise's catalogs."]},
    ],
)
def enroll(
    enterprise: OwnedEnterprise,
    body: CourseEnrollmentsBody,
    caller: Caller,
    *,
    session: Session,
    settings: Settings,
) -> list[ItemAnswer]:
    """Enroll learners in course runs

    Each item by itself, in order: one that is bad stops no other. `success`: the enrollment is made
    or under way; `pending`: the learner is enrolled once an account is known. `is_active: false`
    ends an enrollment, unless a license or learner credit pays for it. A repeat changes nothing.
    """
    checked = [_check(item) for item in body.root]
    wishes = [each.wish() for each in checked if isinstance(each, CourseEnrollment)]
    command = RequestEnrollments(enterprise.enterprise_uuid, wishes)
    answered = iter(
        service.request_enrollments(session, caller.actor, command, asks_lms=bool(settings.lms_url))
    )
    return [
        _answer(next(answered)) if isinstance(each, CourseEnrollment) else each for each in checked
    ]


def _check(item: object) -> CourseEnrollment | ItemAnswer:
    body, errors = validate(CourseEnrollment, item)
    if isinstance(body, CourseEnrollment) and body.tpa_user_id is None:
        return body
    if isinstance(item, dict) and item.get("tpa_user_id") is not None:
        errors |= _TPA
    return errors


def _answer(answered: Answered) -> ItemAnswer:
    if answered.outcome in (Outcome.SUCCESS, Outcome.PENDING):
        return {"detail": answered.outcome.value}
    if answered.payer is not None:
        return {"is_active": [_PAID_BY[answered.payer]]}
    return _REFUSED[answered.outcome]
