"""Checks that wishes and the enrollments that they made agree."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from bursar.enrollment.commands import Payer
from bursar.enrollment.direct.commands import WishState
from bursar.enrollment.direct.models import DirectEnrollment
from bursar.enrollment.models import Enrollment
from bursar.learners.models import Learner

_wishes, _rows, _learners = DirectEnrollment.__table__, Enrollment.__table__, Learner.__table__
_SAME_PLACE: Final = and_(
    _rows.c.enterprise_uuid == _wishes.c.enterprise_uuid,
    _rows.c.learner_id == _wishes.c.learner_id,
    _rows.c.courserun_key == _wishes.c.courserun_key,
)


def check_direct_enrollments(session: Session) -> Iterator[str]:
    """One line for each row that is wrong."""
    strangers = (
        select(_wishes.c.id)
        .join_from(_wishes, _learners, _learners.c.id == _wishes.c.learner_id)
        .where(_learners.c.enterprise_uuid != _wishes.c.enterprise_uuid)
    )
    for wish_id in session.scalars(strangers.order_by(_wishes.c.id)):
        yield f"direct_enrollments: {wish_id}: the learner is another enterprise's"
    unwished = select(_rows.c.id).where(
        _rows.c.payer == Payer.API.value, ~exists().where(_SAME_PLACE)
    )
    for enrollment_id in session.scalars(unwished.order_by(_rows.c.id)):
        yield f"enrollments: {enrollment_id}: no direct enrollment tells of it"
    unfulfilled = select(_wishes.c.id).where(
        _wishes.c.is_active,
        _wishes.c.state == WishState.DONE.value,
        ~exists().where(_SAME_PLACE),
    )
    for wish_id in session.scalars(unfulfilled.order_by(_wishes.c.id)):
        yield f"direct_enrollments: {wish_id}: done, but there is no enrollment"
