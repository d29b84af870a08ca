"""`course-enrollments` over HTTP: a client enrolls learners itself, without a seat or money."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field, StringConstraints, WithJsonSchema, model_validator
from sqlalchemy.orm import Session

from bursar.enrollment.commands import Payer
from bursar.enrollment.direct import service
from bursar.enrollment.direct.commands import (
    Answered,
    CourseMode,
    Outcome,
    RequestEnrollments,
    Wish,
)
from bursar.enrollment.direct.owned import ENTERPRISE, EnterpriseTarget
from bursar.settings import Settings
from bursar.web.fields import LARGEST_INTEGER, MOST_ITEMS, EmailAddress, Visible
from bursar.web.request import Caller
from bursar.web.routes import Routes
from bursar.web.validation import Body, ListBody, problem, validate

routes: Final = Routes("course-enrollments")
OwnedEnterprise: TypeAlias = Annotated[EnterpriseTarget, ENTERPRISE]

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


@routes.post(
    "/enterprise/v1/enterprise-customer/{enterprise_uuid:uuid}/course-enrollments",
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
