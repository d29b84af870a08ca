"""How many enroll and pass over time, in which courses, and how long it takes them.

What is read is the range of an index: the enrollments that began, or were passed, in the days that
are asked for. Only what learners share counts as a pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Connection, FromClause, Select, func, select

from bursar.database.dates import DayNumber
from bursar.database.expressions import day_of
from bursar.reporting.fields import COURSE_KEY, COURSE_TITLE, enrollments, learners, run_facts

_e: Final = enrollments.c
_course_of: ColumnElement[str] = func.coalesce(COURSE_KEY, _e.courserun_key)
_SOURCE: Final = enrollments.outerjoin(run_facts, run_facts.c.run_key == _e.courserun_key)
_ENROLLED_ON: Final = day_of(_e.enrolled_at)
_HAS_PASSED: Final = _e.is_consented & _e.has_passed.is_(True)


@dataclass(frozen=True, slots=True)
class Period:
    """Days and what is looked at in them, both days included."""

    enterprise_uuid: UUID
    first: date
    last: date
    course_key: str | None = None
    addresses: Select[Any] | None = None
    """Only learners with these who share progress: a filter tells nobody of the others."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Passes of one day that took equally long."""

    day: date
    days_taken: int | None
    """None where nobody knows when the learners enrolled."""
    count: int


class CourseProgress(msgspec.Struct, frozen=True):
    """Of the enrollments in a course that began in the period, also those that have ended."""

    course_key: str
    course_title: str | None
    enrolled: int
    sharing: int
    """Whose learners share progress."""
    passed: int
    """Of those, until today."""


def enrollments_by_day(connection: Connection, period: Period) -> Mapping[date, int]:
    statement = (
        select(_ENROLLED_ON, func.count())
        .select_from(_rows_of(period))
        .where(*_began(period))
        .group_by(_ENROLLED_ON)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def passes(connection: Connection, period: Period) -> Sequence[Pass]:
    taken = DayNumber(_e.passed_date) - DayNumber(_ENROLLED_ON)
    statement = (
        select(_e.passed_date, taken, func.count())
        .select_from(_rows_of(period))
        .where(_HAS_PASSED, _e.passed_date.between(period.first, period.last), *_of(period))
        .group_by(_e.passed_date, taken)
    )
    return [Pass(*row) for row in connection.execute(statement)]


def progress_by_course(connection: Connection, period: Period) -> Sequence[CourseProgress]:
    """The course with most enrollments first."""
    count = func.count()
    statement = (
        select(
            _course_of,
            func.max(COURSE_TITLE),
            count,
            count.filter(_e.is_consented),
            count.filter(_HAS_PASSED),
        )
        .select_from(_SOURCE)
        .where(*_began(period))
        .group_by(_course_of)
        .order_by(count.desc(), _course_of)
    )
    return [CourseProgress(*row) for row in connection.execute(statement)]


def _rows_of(period: Period) -> FromClause:
    """What a course is called is looked up only where one is asked for: the index of a time is then
    all that is read."""
    return enrollments if period.course_key is None else _SOURCE


def _began(period: Period) -> list[ColumnElement[bool]]:
    start, end = _midnight(period.first), _midnight(period.last + timedelta(days=1))
    return [_e.enrolled_at >= start, _e.enrolled_at < end, *_of(period)]


def _of(period: Period) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [_e.enterprise_uuid == period.enterprise_uuid]
    if period.course_key is not None:
        conditions.append(_course_of == period.course_key)
    if period.addresses is not None:
        people = select(learners.c.id).where(
            learners.c.enterprise_uuid == period.enterprise_uuid,
            learners.c.email.in_(period.addresses),
        )
        conditions += [_e.is_consented, _e.learner_id.in_(people)]
    return conditions


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
