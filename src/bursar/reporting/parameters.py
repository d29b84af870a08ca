"""The query parameters of the report: filters, ordering and the size of a page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, TypeVar

from bursar.emails import normalised
from bursar.reporting.fields import NAMES
from bursar.web.pagination import page_size
from bursar.web.parameters import ParameterReader

DEFAULT_PAGE_SIZE: Final = 10
MAX_PAGE_SIZE: Final = 10_000
MAX_TEXT_LENGTH: Final = 1000

Choice = TypeVar("Choice", bound=StrEnum)


class Progress(StrEnum):
    PASSED = "Passed"
    FAILED = "Failed"
    IN_PROGRESS = "In Progress"


class Enrolled(StrEnum):
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
    search_enrollment: Enrolled | None = None
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
class Wanted:
    """What a caller asks of the report."""

    filters: Filters = NO_FILTERS
    ordering: Ordering = DEFAULT_ORDERING
    size: int = DEFAULT_PAGE_SIZE

    @property
    def is_default_list(self) -> bool:
        """Whether it is all rows in the order that they are kept in."""
        return self.filters == NO_FILTERS and self.ordering == DEFAULT_ORDERING


def read_parameters(reader: ParameterReader) -> Wanted:
    return Wanted(
        _filters(reader),
        _ordering(reader),
        page_size(reader.query, ("page_size",), default=DEFAULT_PAGE_SIZE, maximum=MAX_PAGE_SIZE),
    )


def _filters(reader: ParameterReader) -> Filters:
    return Filters(
        search=_text(reader, "search"),
        search_course=_text(reader, "search_course"),
        search_all=_text(reader, "search_all"),
        search_start_date=reader.read(
            "search_start_date", _day, "Enter a valid date, as YYYY-MM-DD."
        ),
        search_enrollment=_choice(reader, "search_enrollment", Enrolled),
        learner_activity=_choice(reader, "learner_activity", Activity),
        passed_date=_choice(reader, "passed_date", Passed),
        user_email=_text(reader, "user_email", address),
        course_key=_text(reader, "course_key", _key),
        courserun_key=_text(reader, "courserun_key", _key),
        progress_status=_choice(reader, "progress_status", Progress),
        updated_since=reader.instant("updated_since"),
    )


def _text(
    reader: ParameterReader, name: str, clean: Callable[[str], str] = str.strip
) -> str | None:
    message = f"Ensure this field has no more than {MAX_TEXT_LENGTH} characters."
    value: str | None = reader.read(name, _short, message)
    return None if value is None else clean(value) or None


def _short(text: str) -> str:
    if len(text) > MAX_TEXT_LENGTH:
        raise ValueError(text)
    return text


def address(text: str) -> str:
    """An e-mail address, or a part of one, as it is stored."""
    # In a query string a plus sign says space; no address has one, so it was meant as a plus.
    return normalised(text).replace(" ", "+")


def _key(text: str) -> str:
    # The same is true of keys.
    return text.strip().replace(" ", "+")


def _day(text: str) -> date:
    day = date.fromisoformat(text.strip())
    if text.strip() != day.isoformat():  # other forms of ISO 8601 are weeks and the like
        raise ValueError(text)
    return day


def _choice(reader: ParameterReader, name: str, choices: type[Choice]) -> Choice | None:
    value: Choice | None = reader.read(name, choices, f"Must be one of: {', '.join(choices)}.")
    return value


def _ordering(reader: ParameterReader) -> Ordering:
    """Several names, by comma or by saying `ordering` again; the first mention of each counts."""
    terms: dict[str, Term] = {}
    unknown: list[str] = []
    for text in ",".join(reader.query.get_all("ordering")).split(","):
        name = text.strip().removeprefix("-")
        if name in NAMES:
            terms.setdefault(name, Term(name, descends=text.strip().startswith("-")))
        elif text.strip():
            unknown.append(name)
    if unknown:
        reader.errors["ordering"] = [f'"{name[:100]}" is no field to order by.' for name in unknown]
    return tuple(terms.values()) or DEFAULT_ORDERING
