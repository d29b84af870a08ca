"""What happens to enrollments."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from bursar.enrollment.commands import Payer
from bursar.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollmentEvent(Event):
    """An event without an address. `learner_id` names the learner, whose consent decides what may
    be shown."""

    object_type: ClassVar[str] = "enrollment"
    is_public: ClassVar[bool] = True

    learner_id: int
    courserun_key: str
    payer: Payer


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollmentCreated(EnrollmentEvent):
    """The enrollment was created, or resumed after it had ended or had only been reported."""

    type: ClassVar[str] = "enrollment.created"

    license_uuid: UUID | None
    transaction_uuid: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollmentEnded(EnrollmentEvent):
    type: ClassVar[str] = "enrollment.ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollmentsReported(Event):
    """A report was stored: one event for all of its rows.

    An event for every row would halve the speed of an import of a million of them.
    """

    type: ClassVar[str] = "enrollments.reported"
    object_type: ClassVar[str] = "enrollment_report"

    created: int
    changed: int
