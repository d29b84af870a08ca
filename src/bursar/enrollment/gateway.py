"""The interface to an LMS, which enrolls learners in course runs and ends enrollments.

The adapter for a real LMS is in `bursar.connectors`, and the composition chooses it. Calls go over
the network, so they must not be made inside a transaction, but by a job that can repeat them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class LmsEnrollment:
    """A learner and a course run, as the LMS needs them."""

    enterprise_uuid: UUID
    email: str
    lms_user_id: int | None
    username: str | None
    courserun_key: str
    mode: str = "verified"


@dataclass(frozen=True, slots=True)
class LmsOutcome:
    """What the LMS did about one enrollment: it is done (also if it was done before), or refused
    for a reason."""

    error: str | None = None
    needs_account: bool = False
    """Whether the refusal is that the learner has no account, and may end once there is one."""

    @property
    def is_good(self) -> bool:
        return self.error is None


class LmsUnavailable(Exception):
    """The LMS is unavailable. The call can be repeated later; part of it may have been done."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        """Seconds, when the LMS named them."""


class LmsGateway(Protocol):
    """Both calls are idempotent and return one outcome for each enrollment, in the same order.

    They raise LmsUnavailable.
    """

    def enroll(self, enrollments: Sequence[LmsEnrollment]) -> list[LmsOutcome]: ...

    def end(self, enrollments: Sequence[LmsEnrollment]) -> list[LmsOutcome]: ...


class EmbeddedGateway:
    """Is used without an LMS. It does nothing, because service.py records the enrollment."""

    def enroll(self, enrollments: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        return [LmsOutcome() for _ in enrollments]

    def end(self, enrollments: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        return [LmsOutcome() for _ in enrollments]
