"""What a caller can request from the report: filters, and fields to order by."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


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
    """A row must match all filters. A filter that is None matches every row."""

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
    """A request for the report: the enterprise, the filters, the current day and the order."""

    enterprise_uuid: UUID
    today: date
    filters: Filters = NO_FILTERS
    ordering: Ordering = DEFAULT_ORDERING

    @property
    def is_default_list(self) -> bool:
        """Whether the request is for all rows in the order of the index."""
        return self.filters == NO_FILTERS and self.ordering == DEFAULT_ORDERING


@dataclass(frozen=True, slots=True)
class Subject:
    """The enterprise that a report is about, and the URL of the API for links to its courses."""

    enterprise_uuid: UUID
    name: str
    root_url: str
    """The URL of the API, such as `https://api.example.org`."""
