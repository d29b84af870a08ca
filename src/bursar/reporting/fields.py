"""The fields of the report as SQL: what is selected, and what filters and ordering see of it."""

from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    Double,
    String,
    and_,
    bindparam,
    case,
    func,
    literal,
    null,
)

from bursar.catalog.content.models import RunFacts
from bursar.database.expressions import by_code_point, day_of
from bursar.enrollment.commands import Payer
from bursar.enrollment.models import Enrollment
from bursar.learners.models import Learner
from bursar.reporting.course_urls import oldest_catalog
from bursar.reporting.redaction import BLANKED
from bursar.reporting.views import LearnerSummary

# The names are short because drivers cache a prepared statement only if its text is not too long.
enrollments: Final = Enrollment.__table__.alias("e")
learners: Final = Learner.__table__.alias("l")
run_facts: Final = RunFacts.__table__.alias("f")
# Every enrollment has a learner, but with outer joins PostgreSQL can leave out a table whose
# columns are not used.
SOURCE: Final = enrollments.outerjoin(
    learners, learners.c.id == enrollments.c.learner_id
).outerjoin(run_facts, run_facts.c.run_key == enrollments.c.courserun_key)

TODAY: Final = bindparam("today", type_=Date())
"""The current day, a parameter of every statement with these expressions."""
LAST_DAY_TO_COUNT_FROM: Final = date(9999, 12, 17)
"""The latest day to which a fortnight can be added: the year 9999 is the last one."""

_e = enrollments.c
_l = learners.c
_f = run_facts.c


def _told(name: str, otherwise: ColumnElement[Any]) -> ColumnElement[Any]:
    """The reported value of the row, or else the value from another source."""
    return func.coalesce(_e[name], otherwise)


_BY_ENTERPRISE = _e.payer != Payer.REPORTED.value
COURSE_END: Final = _told("course_end", _f.end_date)
_COURSE_START = _told("course_start", _f.start_date)
_ENROLLMENT_DATE = day_of(_e.enrolled_at)
_REFUND_FROM = case((_COURSE_START > _ENROLLMENT_DATE, _COURSE_START), else_=_ENROLLMENT_DATE)
_SEEN_CHANGE_WITHOUT_CONSENT = func.coalesce(
    _e.shown_changed_at,
    case((_e.unenrolled_at > _e.enrolled_at, _e.unenrolled_at)),
    _e.enrolled_at,
    _e.unenrolled_at,
    _e.created_at,
)

COURSE_KEY: Final = _told("course_key", _f.course_key)
COURSE_TITLE: Final = _told("course_title", _f.course_title)

_EXPRESSIONS: Final[dict[str, ColumnElement[Any]]] = {
    "is_consent_granted": _e.is_consented,
    "amount_learner_paid": _told(
        "amount_learner_paid", case((_BY_ENTERPRISE, literal(0.0, Double())))
    ),
    "course_duration": _told("course_duration", _f.weeks_to_complete),
    "course_end": COURSE_END,
    "course_key": COURSE_KEY,
    "course_list_price": _told("course_list_price", _f.list_price),
    "course_max_effort": _told("course_max_effort", _f.max_effort),
    "course_min_effort": _told("course_min_effort", _f.min_effort),
    "course_pacing_type": _told("course_pacing_type", _f.pacing_type),
    "course_primary_program": _told("course_primary_program", _f.primary_program),
    "course_primary_subject": _told("course_primary_subject", _f.primary_subject),
    "course_start": _COURSE_START,
    "course_title": COURSE_TITLE,
    # Without consent, the instant of a hidden change would reveal that there was one.
    "created": case((_e.is_consented, _e.changed_at), else_=_SEEN_CHANGE_WITHOUT_CONSENT),
    "enrollment_date": _ENROLLMENT_DATE,
    "enrollment_id": _e.id,
    "enterprise_enrollment_id": _e.id,
    "enterprise_sso_uid": _l.sso_uid,
    "enterprise_user_id": _l.lms_user_id,
    "is_refunded": _told("is_refunded", literal(False)),  # noqa: FBT003 - a value
    "paid_by": _told("paid_by", case((_BY_ENTERPRISE, "Enterprise"))),
    "progress_status": case(
        (_e.has_passed, "Passed"), (COURSE_END < TODAY, "Failed"), else_="In Progress"
    ),
    "seat_delivery_method": _told(
        "seat_delivery_method",
        case(
            (_e.payer == Payer.LICENSE.value, "Subscription"),
            (_e.payer == Payer.CREDIT.value, "Learner Credit"),
        ),
    ),
    "unenrollment_date": day_of(_e.unenrolled_at),
    # This selects the day that the fortnight begins at; the fortnight is added in Python.
    "unenrollment_end_within_date": case(
        (and_(_e.unenrolled_at.is_(None), _REFUND_FROM <= LAST_DAY_TO_COUNT_FROM), _REFUND_FROM)
    ),
    "user_account_creation_date": _l.created_at,
    "user_country": _l.country,
    "user_current_enrollment_mode": _e.mode,
    "user_email": _l.email,
    "user_username": _l.username,
}

FILLED_IN: Final = frozenset({"course_api_url", "enterprise_customer_uuid", "enterprise_name"})
"""Fields that are the same for all rows or for all rows of a course. They are filled in after
reading."""

NAMES: Final = LearnerSummary.__struct_fields__


def selected(name: str) -> ColumnElement[Any]:
    """The field as it is stored, before consent is applied."""
    if name in FILLED_IN:
        return null().label(name)
    return _expression(name).label(name)


def seen(name: str) -> ColumnElement[Any]:
    """The field as the caller may see it. Filters and ordering must use nothing else."""
    expression = _expression(name)
    return case((_e.is_consented, expression)) if name in BLANKED else expression


def sort_keys(name: str) -> tuple[ColumnElement[Any], ...]:
    """Expressions that order rows by the field. There are none if the field is the same in all
    rows."""
    if name == "course_api_url":
        catalog = oldest_catalog(_e.enterprise_uuid, COURSE_KEY)
        return catalog, case((catalog.is_not(None), by_code_point(COURSE_KEY)))
    if name in FILLED_IN:
        return ()
    expression = seen(name)
    is_text = isinstance(expression.type, String)
    return (by_code_point(expression) if is_text else expression,)


def _expression(name: str) -> ColumnElement[Any]:
    own: ColumnElement[Any] | None = _e.get(name)
    return _EXPRESSIONS[name] if name in _EXPRESSIONS or own is None else own
