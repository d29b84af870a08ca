"""What the embedded LMS shows of enrollments: whoever is enrolled, whatever the enterprise.

It stands for an LMS in demonstrations, where nobody signs in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Select, select

from bursar.enrollment.models import Enrollment
from bursar.learners.models import Learner

_seat: Final = Enrollment.__table__.c
_learner: Final = Learner.__table__.c
MOST: Final = 20


@dataclass(frozen=True, slots=True)
class EmbeddedSeat:
    enterprise_uuid: UUID
    email: str
    courserun_key: str
    grade: float
    """From 0 to 1."""
    has_passed: bool


def newest_seats(connection: Connection) -> list[EmbeddedSeat]:
    """The last that were taken, in whichever course."""
    return _seats(connection, _LIVE)


def seats_in(connection: Connection, courserun_key: str) -> list[EmbeddedSeat]:
    """The last that were taken in a course run."""
    return _seats(connection, _LIVE.where(_seat.courserun_key == courserun_key))


def seat_of(
    connection: Connection, enterprise_uuid: UUID, email: str, courserun_key: str
) -> EmbeddedSeat | None:
    mine = (
        _seat.enterprise_uuid == enterprise_uuid,
        _learner.email == email,
        _seat.courserun_key == courserun_key,
    )
    found = _seats(connection, _LIVE.where(*mine))
    return found[0] if found else None


_LIVE: Final[Select[Any]] = (
    select(
        _seat.enterprise_uuid,
        _learner.email,
        _seat.courserun_key,
        _seat.current_grade,
        _seat.has_passed,
    )
    .join_from(Enrollment.__table__, Learner.__table__, _learner.id == _seat.learner_id)
    .where(_seat.unenrolled_at.is_(None), _seat.enrolled_at.is_not(None))
    .order_by(_seat.enrolled_at.desc(), _seat.id.desc())
    .limit(MOST)
)


def _seats(connection: Connection, statement: Select[Any]) -> list[EmbeddedSeat]:
    rows: Sequence[Any] = connection.execute(statement).all()
    return [
        EmbeddedSeat(
            row.enterprise_uuid,
            row.email,
            row.courserun_key,
            row.current_grade or 0.0,
            bool(row.has_passed),
        )
        for row in rows
    ]
