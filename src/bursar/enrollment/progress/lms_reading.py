"""The interface to the lists of an LMS. Its calls go over the network, so that no transaction may
be open."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bursar.enrollment.progress.lms_facts import LmsFact
from bursar.learners.appearing import LmsAccount


@dataclass(frozen=True, slots=True)
class FactPage:
    facts: Sequence[LmsFact]
    cursor: str | None
    """Where the next page begins; null after the last one."""


class RunRefused(Exception):
    """The LMS gives no list of this run: it does not know it, or its client may not read it."""


class ProgressReader(Protocol):
    """Raises LmsUnavailable when the LMS does not answer, and RunRefused."""

    def enrollments(self, courserun_key: str, cursor: str | None) -> FactPage: ...

    def grades(self, courserun_key: str, cursor: str | None) -> FactPage: ...

    def accounts(self, emails: Sequence[str]) -> list[LmsAccount]:
        """Of at most `ADDRESSES_AT_ONCE` addresses, those that have one."""
        ...

    def close(self) -> None: ...


ADDRESSES_AT_ONCE = 100
