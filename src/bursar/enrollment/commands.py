"""What can be asked of enrollments."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias
from uuid import UUID

Place: TypeAlias = tuple[int, str]
"""Learner and course run, in an enterprise that is known."""


PAID_MODE: Final = "verified"
FREE_MODE: Final = "audit"
"""The mode in which an LMS enrolls whom it does not know yet, and of those for whom nobody pays."""


class Payer(StrEnum):
    """How Bursar knows of an enrollment: what pays for it, or that it was only reported."""

    LICENSE = "license"
    CREDIT = "credit"
    API = "api"
    """Nobody: a client of the API has enrolled the learner, without a seat or money."""
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class NewEnrollment:
    """An enrollment of a learner of the enterprise. `payer` is anything but REPORTED."""

    enterprise_uuid: UUID
    learner_id: int
    courserun_key: str
    payer: Payer
    license_uuid: UUID | None = None
    transaction_uuid: UUID | None = None
    mode: str = PAID_MODE

    @property
    def place(self) -> tuple[UUID, int, str]:
        """The key of an enrollment: there is at most one for an enterprise, a learner and a run."""
        return self.enterprise_uuid, self.learner_id, self.courserun_key


class ReportSource(StrEnum):
    """Where a report of enrollments comes from: kept with each consent that it gives or takes."""

    API = "api"
    """A client of the API. It may report that a consent was withdrawn, never that it was given."""
    IMPORT = "import"
    """A file that the operator imports on the command line."""
    MANIFEST = "manifest"
    LMS = "lms"
    """The connector to the LMS, where learners give their consent."""
    PUSH = "push"
    """The LMS, which tells at once what has happened there."""
    PULL = "pull"
    """The LMS, which was asked for its lists."""

    @property
    def gives_consent(self) -> bool:
        return self is not ReportSource.API

    @property
    def tells_of_new_ones(self) -> bool:
        """Whether there are events of enrollments that were not known before. Files and manifests
        bring in what has happened elsewhere, long ago and by the million."""
        return self not in {ReportSource.IMPORT, ReportSource.MANIFEST}
