"""The LMS as Bursar sees it: it enrolls learners in course runs, and ends that.

The connector of a real LMS stands in `bursar.connectors`; the composition chooses one.

Calls go over the network: never inside a transaction, and always from a job that can repeat them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class LmsEnrollment:
    """A learner in a course run, as an LMS is told of it."""

    enterprise_uuid: UUID
    email: str
    lms_user_id: int | None
    username: str | None
    courserun_key: str
    mode: str = "verified"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one enrollment: done (also when it was so before), or refused for good, and why."""

    error: str | None = None

    @property
    def is_good(self) -> bool:
        return self.error is None


class LmsUnavailable(Exception):
    """Try again later; some of it may have been done already."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        """Seconds, when the LMS named them."""


class LmsGateway(Protocol):
    """Both calls are idempotent, and answer one outcome for each enrollment in their order.

    They raise LmsUnavailable.
    """

    def enroll(self, enrollments: Sequence[LmsEnrollment]) -> list[Outcome]: ...

    def end(self, enrollments: Sequence[LmsEnrollment]) -> list[Outcome]: ...


class EmbeddedGateway:
    """Bursar is the LMS: its own record of an enrollment (service.py) is all there is to do."""

    def enroll(self, enrollments: Sequence[LmsEnrollment]) -> list[Outcome]:
        return [Outcome() for _ in enrollments]

    def end(self, enrollments: Sequence[LmsEnrollment]) -> list[Outcome]:
        return [Outcome() for _ in enrollments]
