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
