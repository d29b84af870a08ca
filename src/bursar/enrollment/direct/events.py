"""What happens to direct enrollments. The enrollments themselves have events of their own."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from bursar.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectEnrollmentEvent(Event):
    object_type: ClassVar[str] = "direct_enrollment"

    enterprise_uuid: UUID
    batch_uuid: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectEnrollmentsRequested(DirectEnrollmentEvent):
    """A client has wished for enrollments, or for their end: one event for all of a request."""

    type: ClassVar[str] = "direct_enrollments.requested"

    queued: int
    """How many of the wishes a job is to work on; the others wait for accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectEnrollmentsSettled(DirectEnrollmentEvent):
    """A job is done with some wishes: one event for all that were recorded together."""

    type: ClassVar[str] = "direct_enrollments.settled"
