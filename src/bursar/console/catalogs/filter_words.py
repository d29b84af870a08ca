"""A content filter in words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bursar.catalog.filters.directives import (
    ALLOWED_RUNS,
    DIRECTIVES,
    FORCED_KEYS,
    allowed_runs,
)
from bursar.catalog.filters.service import field_and_suffix

_MOST_SHOWN: Final = 12
_RELATIONS: Final = {
    "": ("is", "is one of"),
    "exact": ("is exactly", "is exactly one of"),
    "in": ("is", "is one of"),
    "not": ("is not", "is none of"),
    "exclude": ("is not", "is none of"),
    "gt": ("is more than",) * 2,
    "gte": ("is at least",) * 2,
    "lt": ("is less than",) * 2,
    "lte": ("is at most",) * 2,
    "icontains": ("contains",) * 2,
}
"""Of one value, and of several."""
_EXISTS: Final = {True: "has a value", False: "has no value"}


@dataclass(frozen=True, slots=True)
class Condition:
    """A line of the filter: `subjects`, `is one of`, `design`, `data-science`."""

    subject: str
    relation: str
    values: tuple[str, ...]
    more: int = 0
    """How many values are not shown."""
    is_directive: bool = False
    """Whether it adds, allows or does nothing, instead of demanding something."""


def in_words(content_filter: Mapping[str, Any]) -> list[Condition]:
    """In the order in which it was written; the conditions come first."""
    lines = [_condition(key, operand) for key, operand in content_filter.items()]
    return sorted(lines, key=lambda each: each.is_directive)


def as_json(content_filter: Mapping[str, Any] | None) -> str:
    """As a person edits it."""
    return json.dumps(content_filter, indent=2, ensure_ascii=False)


def _condition(key: str, operand: Any) -> Condition:
    field, suffix = field_and_suffix(key)
    if field == FORCED_KEYS:
        return _line("always in the catalog", "", operand, is_directive=True)
    if field == ALLOWED_RUNS:
        runs = sorted(allowed_runs(operand))
        return _line("restricted runs that are allowed", "", runs, is_directive=True)
    if field in DIRECTIVES:
        return _line(field, "has no effect", operand, is_directive=True)
    if suffix == "exists":
        return Condition(field, _EXISTS[str(operand).lower() == "true"], ())
    single, several = _RELATIONS.get(suffix, (suffix, suffix))
    is_list = isinstance(operand, list) and len(operand) != 1
    return _line(field, several if is_list else single, operand)


def _line(subject: str, relation: str, operand: Any, *, is_directive: bool = False) -> Condition:
    values = operand if isinstance(operand, list) else [operand]
    shown = tuple(_value(each) for each in values[:_MOST_SHOWN])
    return Condition(subject, relation, shown, max(0, len(values) - _MOST_SHOWN), is_directive)


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
