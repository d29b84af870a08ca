"""The fields that a course has because its runs have them, as the search index derives them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

RunReader = Callable[[Mapping[str, Any]], object]


def _field(name: str) -> RunReader:
    return lambda run: run.get(name)


def _seat_types(run: Mapping[str, Any]) -> object:
    own, seats = run.get("seat_types"), run.get("seats")
    if own is not None or not isinstance(seats, list):
        return own
    return [seat.get("type") for seat in seats if isinstance(seat, dict)]


def _has_enrollable_seats(run: Mapping[str, Any]) -> object:
    own, seats = run.get("has_enrollable_seats"), run.get("seats")
    return bool(seats) if own is None and isinstance(seats, list) else own


def _languages(run: Mapping[str, Any]) -> object:
    """The code and the name: search documents have the name, all others have the code."""
    names = ("language", "languages", "content_language", "content_language_search_facet_name")
    return [run[name] for name in names if run.get(name) is not None] or None


def _published(run: Mapping[str, Any]) -> object:
    own, status = run.get("published"), run.get("status")
    return status.lower() == "published" if own is None and isinstance(status, str) else own


RUN_FIELDS: Final[dict[str, RunReader]] = {
    **{
        name: _field(name)
        for name in (
            "status",
            "availability",
            "start",
            "end",
            "enrollment_start",
            "enrollment_end",
            "pacing_type",
            "mobile_available",
            "transcript_languages",
            "first_enrollable_paid_seat_price",
            "is_enrollable",
            "type",
        )
    },
    "seat_types": _seat_types,
    "has_enrollable_seats": _has_enrollable_seats,
    "language": _languages,
    "languages": _languages,
    "published": _published,
}
