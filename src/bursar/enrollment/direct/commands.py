"""What can be asked of direct enrollments, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from bursar.enrollment.commands import Payer


class CourseMode(StrEnum):
    AUDIT = "audit"
    VERIFIED = "verified"
    PROFESSIONAL = "professional"


@dataclass(frozen=True, slots=True)
class Wish:
    """A learner is to be enrolled in a course run, or is to leave it.

    The learner is named by the account in the LMS or by e-mail; at least one is given, and an
    account that is known decides.
    """

    courserun_key: str
    email: str | None = None
    """Normalised."""
    lms_user_id: int | None = None
    mode: CourseMode = CourseMode.VERIFIED
    is_active: bool = True
    notify: bool = False
    cohort: str | None = None


@dataclass(frozen=True, slots=True)
class RequestEnrollments:
    """Each wish is taken for itself, in order: one that is refused stops no other."""

    enterprise_uuid: UUID
    wishes: Sequence[Wish]


class WishState(StrEnum):
    QUEUED = "queued"
    """A job is to work on it."""
    WAITING = "waiting"
    """For the learner's account to become known."""
    DONE = "done"
    FAILED = "failed"
    """The LMS refused it. The same wish again is tried again."""


@dataclass(frozen=True, slots=True)
class WishSelection:
    """Which wishes of an enterprise are listed: those for which all of this holds."""

    states: frozenset[WishState]
    email: str | None = None
    """Normalised."""
    courserun_key: str | None = None


class Outcome(StrEnum):
    SUCCESS = "success"
    """Done, or durably under way."""
    PENDING = "pending"
    """No account of the learner is known yet. The learner is enrolled when there is one."""
    NOT_IN_CATALOG = "not in catalog"
    UNKNOWN_ACCOUNT = "unknown account"
    PAID_OTHERWISE = "paid otherwise"
    """The enrollment is not to be ended here, because somebody else pays for it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What comes of a wish."""

    outcome: Outcome
    payer: Payer | None = None
    """Who pays, for PAID_OTHERWISE."""
