"""What happens to bulk enrollments. Each event carries the job's status after it."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from bursar.enrollment.bulk.views import BulkEnrollmentJobView
from bursar.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent(Event):
    object_type: ClassVar[str] = "bulk_enrollment"

    enterprise_uuid: UUID
    data: BulkEnrollmentJobView


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkEnrollmentRequested(JobEvent):
    type: ClassVar[str] = "bulk_enrollment.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkEnrollmentStarted(JobEvent):
    type: ClassVar[str] = "bulk_enrollment.started"


@dataclass(frozen=True, slots=True)
class EnrolledCourse:
    """A learner in a course run, at the expense of a license."""

    email: str
    license_uuid: UUID
    title: str
    """Empty where the content has none."""
    course_run_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkEnrollmentProgressed(JobEvent):
    """A chunk of pairs is done, or pairs that were pending are."""

    type: ClassVar[str] = "bulk_enrollment.progressed"

    to_notify: tuple[EnrolledCourse, ...]
    """What learners are to be told by mail: empty for a job that does not ask for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFinished(JobEvent):
    """All pairs are done; some may be pending until their license is activated."""

    type: ClassVar[str] = "job.finished"
    is_public: ClassVar[bool] = True
