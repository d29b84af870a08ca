"""What a claim page shows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bursar.claims.looks import Look
from bursar.claims.tokens import ClaimKind


class ClaimState(StrEnum):
    OFFERED = "offered"
    """The learner can take it."""
    UNDER_WAY = "under way"
    """The learner has taken it, and is being enrolled."""
    WAITING = "waiting"
    """The learner has taken it, and the LMS has no account of the learner yet."""
    DONE = "done"
    REFUSED = "refused"
    """It cannot be taken now, and `obstacle` says why."""
    OVER = "over"
    """It can never be taken with this link again, and `obstacle` says why."""


class Obstacle(StrEnum):
    WITHDRAWN = "withdrawn"
    RENEWED = "renewed"
    """The learner was given it anew, and a newer mail has a link."""
    EXPIRED = "expired"
    FAILED = "failed"
    """The learner could not be enrolled."""
    PAUSED = "paused"
    """The enterprise is suspended."""
    BUDGET_CLOSED = "budget closed"
    BUDGET_NOT_STARTED = "budget not started"
    BUDGET_ENDED = "budget ended"
    COURSE_GONE = "course gone"
    """It is no longer in the catalog."""
    COURSE_CLOSED = "course closed"
    """Nobody can enroll in it any more."""
    ENROLLED_OTHERWISE = "enrolled otherwise"
    PLAN_CLOSED = "plan closed"
    PLAN_NOT_STARTED = "plan not started"
    PLAN_ENDED = "plan ended"


@dataclass(frozen=True, slots=True)
class Course:
    title: str
    key: str
    """Of the course that can be chosen, or of the run that the learner is enrolled in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    kind: ClaimKind
    enterprise_uuid: UUID
    email: str
    """The learner's, as it is stored."""
    enterprise_name: str
    contact: str | None
    """Whom to ask."""
    title: str
    """Of the course or of the subscription."""
    until: datetime
    """When it can no longer be taken; of a license that was taken, used; of an enrollment, when it
    changed last."""
    state: ClaimState
    obstacle: Obstacle | None = None
    obstacle_at: datetime | None = None
    """The instant that the obstacle is about."""
    run_key: str | None = None
    """The course run that the learner is enrolled in."""
    look: Look = field(default_factory=Look)
    """How the enterprise shows itself."""
    consents: bool | None = None
    """Whether the learner shares progress; None where nobody asks."""
    enrolled: Sequence[Course] = ()
    """What the learner takes with the license."""
    courses: Sequence[Course] = ()
    """What the learner could take with the license, as it was searched for."""
    is_waiting: bool = False
    """Whether something that the learner has taken waits for an account in the LMS."""

    @property
    def is_takeable(self) -> bool:
        return self.state in {ClaimState.OFFERED, ClaimState.WAITING}
