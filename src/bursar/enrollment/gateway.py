"""The interface to an LMS, which enrolls learners in course runs and ends enrollments.

The adapter for a real LMS is in `bursar.connectors`, and the composition chooses it. Calls go over
the network, so they must not be made inside a transaction, but by a job that can repeat them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
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
    license_uuid: UUID | None = field(default=None, compare=False)
    """The license that pays for an enrollment that is recorded, if one does."""


WILL_BE_ENROLLED: Final = "the learner will be enrolled when the account is made"
"""The error of an outcome whose learner has no account, but whom the LMS enrolls by itself, in its
free mode, as soon as there is one."""


@dataclass(frozen=True, slots=True)
class LmsOutcome:
    """What came of one enrollment: it is done (also if it was done before), the LMS refused it, or
    the LMS was unavailable, so that it has to be tried again."""

    error: str | None = None
    needs_account: bool = False
    """Whether the refusal is that the learner has no account, and may end once there is one."""
    is_unavailable: bool = False
    """Whether the error is that the LMS did not answer. It says nothing about other outcomes."""
    retry_after: float | None = None
    """Seconds, when an unavailable LMS named them."""
    may_be_done: bool = False
    """Whether an LMS that did not answer may have done what it was asked for."""
    is_rehearsed: bool = False
    """Whether a fault of a sandbox made it. It says nothing about the LMS."""

    @property
    def is_good(self) -> bool:
        return self.error is None

    @property
    def will_be_done(self) -> bool:
        """Whether it waits for the account only, and nothing more has to be asked of the LMS for
        the learner to be enrolled then."""
        return self.error == WILL_BE_ENROLLED

    @classmethod
    def unavailable(cls, trouble: "LmsUnavailable") -> "LmsOutcome":
        return cls(
            str(trouble),
            is_unavailable=True,
            retry_after=trouble.retry_after,
            may_be_done=trouble.may_be_done,
        )


class LmsUnavailable(Exception):
    """The LMS is unavailable. The call can be repeated later."""

    def __init__(
        self, reason: str, retry_after: float | None = None, *, may_be_done: bool = True
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        """Seconds, when the LMS named them."""
        self.may_be_done = may_be_done
        """Whether the LMS may have done what it was asked for. It has not when it was never
        reached, or has said that it does nothing."""


def require_answers(outcomes: Iterable[LmsOutcome]) -> None:
    """Raises LmsUnavailable, with the longest pause that was asked for, if an outcome is missing
    because the LMS was unavailable."""
    missing = [outcome for outcome in outcomes if outcome.is_unavailable]
    if missing:
        longest = max(missing, key=lambda outcome: outcome.retry_after or 0.0)
        unsure = any(outcome.may_be_done for outcome in missing)
        raise LmsUnavailable(longest.error or "", longest.retry_after, may_be_done=unsure)


class LmsGateway(Protocol):
    """Both calls are idempotent and return one outcome for each enrollment, in the same order.

    They do not raise LmsUnavailable: an enrollment about which the LMS did not answer has an
    outcome that says so, and the others keep theirs, which the caller records.
    """

    def enroll(self, enrollments: Sequence[LmsEnrollment]) -> list[LmsOutcome]: ...

    def end(self, enrollments: Sequence[LmsEnrollment]) -> list[LmsOutcome]: ...


class LmsAccounts(Protocol):
    """Who has an account in the LMS."""

    def accounts_among(self, emails: Collection[str]) -> set[str]:
        """Those of the normalised addresses that have one. Raises LmsUnavailable."""

    def close(self) -> None: ...


class EmbeddedGateway:
    """Is used without an LMS. It does nothing, because service.py records the enrollment."""

    def enroll(self, enrollments: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        return [LmsOutcome() for _ in enrollments]

    def end(self, enrollments: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        return [LmsOutcome() for _ in enrollments]

    def accounts_among(self, emails: Collection[str]) -> set[str]:
        return set(emails)

    def close(self) -> None:
        """It holds nothing."""
