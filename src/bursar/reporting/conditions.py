"""Filters as SQL conditions. They are applied to the values that the caller may see."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select

from bursar.database.text import address_contains, contains_in_any_case
from bursar.learners.models import Learner
from bursar.reporting.commands import Activity, EnrollmentStatus, Filters
from bursar.reporting.fields import COURSE_TITLE, enrollments, seen

WEEK: Final = timedelta(days=7)
MONTH: Final = timedelta(days=30)
_e = enrollments.c
_people = Learner.__table__.alias("p")

Condition = ColumnElement[bool]


def conditions(filters: Filters, enterprise_uuid: UUID, today: date) -> list[Condition]:
    own = _e.enterprise_uuid == enterprise_uuid
    return [own, *_person(filters, enterprise_uuid), *_course(filters), *_progress(filters, today)]


def _person(filters: Filters, enterprise_uuid: UUID) -> Iterator[Condition]:
    if filters.search is not None:
        yield _address_contains(enterprise_uuid, filters.search)
    if filters.search_all is not None:
        title = contains_in_any_case(COURSE_TITLE, filters.search_all)
        yield or_(_address_contains(enterprise_uuid, filters.search_all), title)
    if filters.user_email is not None:
        yield _is_of(_learners_of(enterprise_uuid).where(_people.c.email == filters.user_email))


def _address_contains(enterprise_uuid: UUID, part: str) -> Condition:
    # A query string takes a plus sign for a space, and no address has a space.
    found = address_contains(_people.c.email, part.strip().replace(" ", "+"))
    return _is_of(_learners_of(enterprise_uuid).where(found))


def _learners_of(enterprise_uuid: UUID) -> Select[Any]:
    return select(_people.c.id).where(_people.c.enterprise_uuid == enterprise_uuid)


def _is_of(wanted: Select[Any]) -> Condition:
    # MATERIALIZED makes PostgreSQL find the learners first. There are fewer learners than
    # enrollments.
    found = wanted.cte().prefix_with("MATERIALIZED")
    return and_(_e.is_consented, _e.learner_id.in_(select(found.c.id)))


def _course(filters: Filters) -> Iterator[Condition]:
    if filters.search_course is not None:
        yield contains_in_any_case(COURSE_TITLE, filters.search_course)
    if filters.search_start_date is not None:
        yield seen("course_start") == filters.search_start_date
    if filters.course_key is not None:
        yield seen("course_key") == filters.course_key
    if filters.courserun_key is not None:
        yield _e.courserun_key == filters.courserun_key


def _progress(filters: Filters, today: date) -> Iterator[Condition]:
    if filters.search_enrollment is not None:
        is_enrolled = filters.search_enrollment is EnrollmentStatus.ENROLLED
        yield _e.unenrolled_at.is_(None) if is_enrolled else _e.unenrolled_at.is_not(None)
    if filters.learner_activity is not None:
        yield _activity(filters.learner_activity, today)
    if filters.passed_date is not None:
        yield seen("passed_date") >= today - WEEK
    if filters.progress_status is not None:
        yield seen("progress_status") == filters.progress_status.value
    if filters.updated_since is not None:
        yield _changed_since(filters.updated_since)


def _activity(wanted: Activity, today: date) -> Condition:
    last = seen("last_activity_date")
    if wanted is Activity.ACTIVE_PAST_WEEK:
        return last >= today - WEEK
    span = WEEK if wanted is Activity.INACTIVE_PAST_WEEK else MONTH
    return last < today - span


def _changed_since(instant: datetime) -> Condition:
    return seen("created") > instant
