"""Reading the parts of a document: strictly where it is imported, leniently where it is used.

Nobody vouches for a document. What an import needs is refused when it cannot be understood
(BrokenDocument); for everything else, what cannot be understood counts as unknown.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

from bursar import clock
from bursar.catalog.content.refusals import BrokenDocument

Part: TypeAlias = Mapping[str, Any]

LARGEST_CENTS: Final = 2**63 - 1
_CENT: Final = Decimal("0.01")


def objects_of(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    items = data.get(name)
    if items is None:
        return []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BrokenDocument(f"{name} must be a list of objects")
    return items


def runs_of(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    return objects_of(data, "course_runs")


def parts_of(document: Part, name: str) -> list[Part]:
    """The objects of a list, such as the runs of a course."""
    found = document.get(name)
    if not isinstance(found, list):
        return []
    return [part for part in found if isinstance(part, Mapping)]


def cents(dollars: Any) -> int | None:
    """Half a cent counts as one. None for what is no price, a negative one included."""
    if isinstance(dollars, bool) or not isinstance(dollars, int | float | str):
        return None
    try:
        amount = Decimal(str(dollars).strip())
    except (InvalidOperation, ValueError):
        return None
    if not amount.is_finite() or not 0 <= amount <= LARGEST_CENTS // 100 + 1:
        return None
    rounded = int(amount.quantize(_CENT, ROUND_HALF_UP).scaleb(2))
    return rounded if rounded <= LARGEST_CENTS else None


def instant(part: Part, name: str) -> datetime | None:
    text = part.get(name)
    if not isinstance(text, str):
        return None
    try:
        return clock.parse_instant(text)
    except (ValueError, OverflowError):
        return None
