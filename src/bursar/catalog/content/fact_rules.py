"""Pure decisions about what reports say of a run, read from documents that nobody vouches for.

What cannot be understood counts as unknown.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from bursar import clock
from bursar.catalog.content.parts import Part, parts_of
from bursar.catalog.content.prices import run_price_cents

Facts: TypeAlias = dict[str, Any]
"""By column of catalog.models.RunFacts."""

LARGEST_INTEGER: Final = 2**63 - 1


def facts_of_course(course: Part, course_key: str | None) -> Facts:
    """The facts that all runs of a course share."""
    return {
        "course_key": course_key,
        "course_title": _text(course.get("title")),
        "primary_subject": _first(course, "subjects", "name"),
        "primary_program": _first(course, "programs", "title"),
    }


def facts_of_run(run: Part, course: Part, now: datetime) -> Facts:
    """The facts that belong to one run; `course` is empty when its course is not known."""
    price = run_price_cents(run, course, now)
    return {
        "weeks_to_complete": _count(run.get("weeks_to_complete")),
        "min_effort": _count(run.get("min_effort")),
        "max_effort": _count(run.get("max_effort")),
        "pacing_type": _text(run.get("pacing_type")),
        "start_date": _day(run.get("start")),
        "end_date": _day(run.get("end")),
        "list_price": None if price is None else price / 100,
    }


def _first(document: Part, name: str, field: str) -> str | None:
    parts: list[Mapping[str, Any]] = parts_of(document, name)
    return _text(parts[0].get(field)) if parts else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value and "\0" not in value else None


def _count(value: Any) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return value if is_count and 0 <= value <= LARGEST_INTEGER else None


def _day(value: Any) -> date | None:
    if not isinstance(value, str):
        return None
    try:
        return clock.parse_instant(value).date()
    except (ValueError, OverflowError):
        return None
