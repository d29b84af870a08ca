"""What can be asked of the report: filters, and fields to order by."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bursar.emails import normalised


def as_address(text: str) -> str:
    """An e-mail address, or a part of one, as it is stored."""
    # In a query string a plus sign says space; no address has one, so it was meant as a plus.
    return normalised(text).replace(" ", "+")


class Progress(StrEnum):
    PASSED = "Passed"
    FAILED = "Failed"
    IN_PROGRESS = "In Progress"


class EnrollmentStatus(StrEnum):
    ENROLLED = "enrolled"
    UNENROLLED = "unenrolled"


class Activity(StrEnum):
    ACTIVE_PAST_WEEK = "active_past_week"
    INACTIVE_PAST_WEEK = "inactive_past_week"
    INACTIVE_PAST_MONTH = "inactive_past_month"


class Passed(StrEnum):
    LAST_WEEK = "last_week"


@dataclass(frozen=True, slots=True)
class Filters:
    """All of them must hold; None holds for every row."""

    search: str | None = None
    search_course: str | None = None
    search_all: str | None = None
    search_start_date: date | None = None
    search_enrollment: EnrollmentStatus | None = None
    learner_activity: Activity | None = None
    passed_date: Passed | None = None
    user_email: str | None = None
    course_key: str | None = None
    courserun_key: str | None = None
    progress_status: Progress | None = None
    updated_since: datetime | None = None


NO_FILTERS: Final = Filters()


@dataclass(frozen=True, slots=True)
class Term:
    """One field to order by."""

    name: str
    descends: bool = False


Ordering = tuple[Term, ...]
DEFAULT_ORDERING: Final[Ordering] = (Term("last_activity_date", descends=True),)


@dataclass(frozen=True, slots=True)
class Report:
    """Which rows of an enterprise, as of which day, in which order."""

    enterprise_uuid: UUID
    today: date
    filters: Filters = NO_FILTERS
    ordering: Ordering = DEFAULT_ORDERING

    @property
    def is_default_list(self) -> bool:
        """Whether it is all rows in the order that they are kept in."""
        return self.filters == NO_FILTERS and self.ordering == DEFAULT_ORDERING


@dataclass(frozen=True, slots=True)
class Subject:
    """The enterprise that a report is about, and the address under which its courses are told."""

    enterprise_uuid: UUID
    name: str
    root_url: str
    """Of the API, such as `https://api.example.org`."""
