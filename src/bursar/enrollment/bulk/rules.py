"""Pure decisions about pairs of a learner and a course run."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from bursar.subscriptions.licenses.commands import UsableLicense

MOST_TOGETHER: Final = 1_000
"""Learners and course keys of one job, added up."""
LANES: Final = 16
"""Chunks of one job that are waiting or under way."""


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"


class PairStatus(StrEnum):
    SUCCESS = "success"
    PENDING = "pending"
    FAILED = "failed"


MISSING_SUBSCRIPTION: Final = "missing subscription"
NOT_IN_CATALOG: Final = "course run not in catalog"
ENROLLMENT_CLOSED: Final = "enrollment closed"
UNKNOWN_RUN: Final = "unknown course run"
PENDING_ACTIVATION: Final = "pending license activation"


def lms_error(reason: str) -> str:
    return f"LMS error: {reason}"


@dataclass(frozen=True, slots=True)
class Pair:
    number: int
    email: str
    course_run_key: str


def pair_at(emails: Sequence[str], keys: Sequence[str], number: int) -> Pair:
    learner, run = divmod(number, len(keys))
    return Pair(number, emails[learner], keys[run])


@dataclass(frozen=True, slots=True)
class Decision:
    """What comes of a pair. A success counts only after the LMS has agreed."""

    status: PairStatus
    notes: str = ""
    license: UsableLicense | None = None
    lost_license_uuid: UUID | None = None
    """Of a pair that failed, the license that was to pay when the LMS may have enrolled it."""

    @property
    def license_uuid(self) -> UUID | None:
        return self.lost_license_uuid if self.license is None else self.license.license_uuid


def failed(notes: str) -> Decision:
    return Decision(PairStatus.FAILED, notes)


@dataclass(frozen=True, slots=True)
class Run:
    """A course run in a catalog."""

    title: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class DecisionFacts:
    """All that decides about the pairs of a chunk, read at one moment."""

    licenses: Mapping[str, Sequence[UsableLicense]]
    """By e-mail, the one of the plan that expires last first."""
    runs: Mapping[tuple[UUID, str], Run]
    """By catalog and key."""
    known_runs: AbstractSet[str]
    """Keys of the runs that exist, in any catalog or in none."""
    accounts: Mapping[str, int]
    """LMS user ids by e-mail."""

    def decide(self, pair: Pair) -> Decision:
        if pair.course_run_key not in self.known_runs:
            return failed(UNKNOWN_RUN)
        licenses = self.licenses.get(pair.email, ())
        if not licenses:
            return failed(MISSING_SUBSCRIPTION)
        for license_ in licenses:
            run = self.runs.get((license_.catalog_uuid, pair.course_run_key))
            if run is not None:
                return self._with(pair, license_, run)
        return failed(NOT_IN_CATALOG)

    def _with(self, pair: Pair, license_: UsableLicense, run: Run) -> Decision:
        if not run.is_open:
            return failed(ENROLLMENT_CLOSED)
        if license_.is_activated or self.account_of(pair.email, license_) is not None:
            return Decision(PairStatus.SUCCESS, license=license_)
        return Decision(PairStatus.PENDING, PENDING_ACTIVATION, license_)

    def account_of(self, email: str, license_: UsableLicense) -> int | None:
        known = self.accounts.get(email)
        return license_.lms_user_id if known is None else known


def chunks_of(total: int, chunk_size: int) -> int:
    return -(-total // chunk_size)


def numbers_of(total: int, chunk_size: int, chunk: int) -> range:
    """The numbers of the pairs of a chunk."""
    return range(chunk * chunk_size, min(total, (chunk + 1) * chunk_size))


def next_chunks(number_of_chunks: int, lanes: int, done: AbstractSet[int]) -> list[int]:
    """The first chunk of each lane that is not done. These must be in the queue or under way."""
    firsts = (
        next((chunk for chunk in range(lane, number_of_chunks, LANES) if chunk not in done), None)
        for lane in range(min(lanes, LANES))
    )
    return [chunk for chunk in firsts if chunk is not None]
