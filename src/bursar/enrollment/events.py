"""What happens to enrollments."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

import msgspec

from bursar.enrollment.commands import Payer
from bursar.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollmentEvent(Event):
    """An event whose data is the row of the learner summary after the change, without what the
    learner's consent does not allow."""

    object_type: ClassVar[str] = "enrollment"
    is_public: ClassVar[bool] = True

    data: msgspec.Struct
    """`reporting.views.LearnerSummary`, which stands above this room."""
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
class EnrollmentProgressed(EnrollmentEvent):
    """Grade, activity or result was reported anew. Told with consent only, as what follows is."""

    type: ClassVar[str] = "enrollment.progressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollmentPassed(EnrollmentEvent):
    """It was reported that the learner has passed: for the first time, or again after it was taken
    back."""

    type: ClassVar[str] = "enrollment.passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollmentFailed(EnrollmentEvent):
    """The course run has ended, and the learner has not passed."""

    type: ClassVar[str] = "enrollment.failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollmentsReported(Event):
    """A report was stored: one event for all of its rows.

    What it has changed is told by events of the enrollments as well. Of enrollments that a file or
    a manifest brings in, and that were not known, it is the only one: an event for every row would
    halve the speed of an import of a million of them.
    """

    type: ClassVar[str] = "enrollments.reported"
    object_type: ClassVar[str] = "enrollment_report"

    created: int
    changed: int
