"""What learners do in the embedded LMS, reported as an LMS reports it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.enrollment.commands import ReportSource
from bursar.enrollment.embedded import EmbeddedSeat, seat_of
from bursar.enrollment.progress.reported_rows import parse_object
from bursar.enrollment.progress.service import store_reported

ACTOR: Final = Actor("embedded LMS")
STEP: Final = 0.25
PASS_GRADE: Final = 0.9
_MOST_WITHOUT_PASSING: Final = 0.65


class Deed(StrEnum):
    PROGRESS = "progress"
    COMPLETE = "pass"


class NotEnrolled(Exception):
    """The learner has no seat in the course run."""


@dataclass(frozen=True, slots=True)
class Study:
    enterprise_uuid: UUID
    email: str
    courserun_key: str
    deed: Deed


def study(session: Session, command: Study, *, at: datetime | None = None) -> None:
    """Raises NotEnrolled."""
    at = at or clock.now()
    seat = seat_of(
        session.connection(), command.enterprise_uuid, command.email, command.courserun_key
    )
    if seat is None:
        raise NotEnrolled
    today = at.date().isoformat()
    row = parse_object(
        {
            "learner_email": seat.email,
            "courserun_key": seat.courserun_key,
            "last_activity_date": today,
            **_grade(seat, command.deed, today),
        }
    )
    source = ReportSource.LMS
    store_reported(session, ACTOR, seat.enterprise_uuid, [row], source=source, at=at)


def _grade(seat: EmbeddedSeat, deed: Deed, today: str) -> dict[str, object]:
    if deed is Deed.COMPLETE:
        return {
            "current_grade": max(seat.grade, PASS_GRADE),
            "has_passed": True,
            "letter_grade": "A",
            "passed_date": today,
        }
    if seat.has_passed:
        return {}
    return {"current_grade": min(seat.grade + STEP, _MOST_WITHOUT_PASSING), "has_passed": False}
