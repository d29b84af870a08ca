"""Checks that what is stored in addition to the rows of the report agrees with them."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, func, not_, or_, select
from sqlalchemy.orm import Session

from bursar.database.dates import DayNumber
from bursar.enrollment.days import NO_DAY
from bursar.enrollment.models import Enrollment, EnrollmentDay
from bursar.learners.models import Learner

_rows, _days, _learners = Enrollment.__table__, EnrollmentDay.__table__, Learner.__table__
# A row for which a report brought a consent may be seen although the learner has given none: the
# operator and the LMS give it for the row alone, and a client's word opens nothing.
_IS_OPEN_WRONGLY: Final = and_(
    _rows.c.is_consented,
    or_(
        _rows.c.is_consent_granted.is_(False),
        and_(_rows.c.is_consent_granted.is_(None), not_(_learners.c.consent)),
    ),
)
_IS_CLOSED_WRONGLY: Final = and_(
    not_(_rows.c.is_consented), _learners.c.consent, _rows.c.is_consent_granted.is_not(False)
)
_DAY: Final = case(
    (_rows.c.is_consented, func.coalesce(DayNumber(_rows.c.last_activity_date), NO_DAY)),
    else_=NO_DAY,
)
_counted: Final = (
    select(_rows.c.enterprise_uuid, _rows.c.activity_day, func.count().label("row_count"))
    .group_by(_rows.c.enterprise_uuid, _rows.c.activity_day)
    .subquery()
)


def check_enrollments(session: Session) -> Iterator[str]:
    """One line for each row, and for each day's total, that is wrong."""
    for enrollment_id in session.scalars(
        _wrong(_learners.c.enterprise_uuid != _rows.c.enterprise_uuid)
    ):
        yield f"enrollments: {enrollment_id}: the learner is another enterprise's"
    for enrollment_id in session.scalars(_wrong(or_(_IS_OPEN_WRONGLY, _IS_CLOSED_WRONGLY))):
        yield f"enrollments: {enrollment_id}: is_consented does not follow from the consent"
    for enrollment_id in session.scalars(_wrong(_rows.c.activity_day != _DAY)):
        yield f"enrollments: {enrollment_id}: activity_day does not follow from the row"
    yield from _wrong_totals(session)


def _wrong(condition: ColumnElement[bool]) -> Select[tuple[int]]:
    joined = _rows.join(_learners, _learners.c.id == _rows.c.learner_id)
    return select(_rows.c.id).select_from(joined).where(condition).order_by(_rows.c.id)


def _wrong_totals(session: Session) -> Iterator[str]:
    """Days with rows but another total, and days with a total but no rows."""
    miscounted = (
        select(
            _counted.c.enterprise_uuid,
            _counted.c.activity_day,
            _counted.c.row_count,
            func.coalesce(_days.c.row_count, 0),
        )
        .select_from(_beside(_counted, _days))
        .where(func.coalesce(_days.c.row_count, 0) != _counted.c.row_count)
    )
    order = (_counted.c.enterprise_uuid, _counted.c.activity_day)
    for enterprise_uuid, day, found, said in session.execute(miscounted.order_by(*order)):
        yield f"enrollment_days: {enterprise_uuid}, day {day}: says {said} rows, there are {found}"
    without_rows = (
        select(_days)
        .select_from(_beside(_days, _counted))
        .where(_days.c.row_count > 0, _counted.c.row_count.is_(None))
    )
    order = (_days.c.enterprise_uuid, _days.c.activity_day)
    for enterprise_uuid, day, said in session.execute(without_rows.order_by(*order)):
        yield f"enrollment_days: {enterprise_uuid}, day {day}: says {said} rows, there are 0"


def _beside(left: FromClause, right: FromClause) -> FromClause:
    return left.outerjoin(
        right,
        (left.c.enterprise_uuid == right.c.enterprise_uuid)
        & (left.c.activity_day == right.c.activity_day),
    )
