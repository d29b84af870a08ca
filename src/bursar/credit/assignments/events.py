"""What happens to assignments."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from bursar.credit.assignments.views import AssignmentListItem
from bursar.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentEvent(Event):
    """An event whose data is the assignment as the list of its configuration shows it after the
    change."""

    object_type: ClassVar[str] = "assignment"
    is_public: ClassVar[bool] = True

    data: AssignmentListItem


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentMailed(AssignmentEvent):
    """An event about which the learner gets a mail with a link to the course in a catalog."""

    enterprise_slug: str
    catalog_uuid: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentAllocated(AssignmentMailed):
    type: ClassVar[str] = "assignment.allocated"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentReminded(AssignmentMailed):
    """An administrator asked for a reminder; the mail is yet to leave."""

    type: ClassVar[str] = "assignment.reminded"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentNotified(AssignmentEvent):
    """The mail about the allocation was delivered."""

    type: ClassVar[str] = "assignment.notified"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentNotificationFailed(AssignmentEvent):
    """The mail about the allocation was refused or given up."""

    type: ClassVar[str] = "assignment.notification_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentAccepted(AssignmentEvent):
    """Its redemption succeeded: the learner is enrolled."""

    type: ClassVar[str] = "assignment.accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentErrored(AssignmentEvent):
    """Its redemption failed."""

    type: ClassVar[str] = "assignment.errored"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentReversed(AssignmentEvent):
    type: ClassVar[str] = "assignment.reversed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentExpiring(AssignmentEvent):
    """The deadline of the assignment is at most 14 days ahead. Told once for each deadline."""

    type: ClassVar[str] = "assignment.expiring"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentEnded(AssignmentEvent):
    """The assignment ended and its money is available again. The learner is told by the mail
    `mail_uuid`.

    The action that records the end names the same mail, so that attempts to send it update that
    action.
    """

    mail_uuid: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentCancelled(AssignmentEnded):
    type: ClassVar[str] = "assignment.cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentExpired(AssignmentEnded):
    type: ClassVar[str] = "assignment.expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentLearnerLinked(Event):
    """The account of the learner became known."""

    type: ClassVar[str] = "assignment.learner_linked"
    object_type: ClassVar[str] = "assignment"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentScrubbed(Event):
    """The e-mail address was removed. `changes` is empty, because it would preserve the address."""

    type: ClassVar[str] = "assignment.scrubbed"
    object_type: ClassVar[str] = "assignment"
