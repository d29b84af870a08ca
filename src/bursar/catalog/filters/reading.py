"""A content filter as somebody typed it: JSON, with all that is wrong with it."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from bursar.catalog.filters.refusals import FilterError, Problem
from bursar.catalog.filters.service import parse_filter

_TOO_LONG: Final = "a number is too long"
MOST_FIELDS: Final = 300
"""Names at the top of a filter that somebody types; lists of values may be as long as they like."""


def read_filter(text: str) -> dict[str, Any] | None:
    """None for `null`, by which a catalog selects nothing. Raises FilterError."""
    value = _decoded(text)
    if value is None:
        return None
    if isinstance(value, dict) and len(value) > MOST_FIELDS:
        raise FilterError([("", f"it has {len(value)} fields, and at most {MOST_FIELDS} fit here")])
    if problems := list(_unstorable("", value)):
        raise FilterError(problems)
    parse_filter(value)
    assert isinstance(value, dict)  # noqa: S101 - only such are filters
    return value


def _decoded(text: str) -> Any:
    """Raises FilterError."""
    try:
        return json.loads(
            text,
            object_pairs_hook=_without_repetition,
            parse_constant=_refuse_constant,
        )
    except FilterError:
        raise
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise FilterError([("", f"this is no JSON: {error.msg} at {place}")]) from None
    except RecursionError:
        raise FilterError([("", "it is nested too deeply")]) from None
    except ValueError:  # Python reads no number of more than some thousand digits.
        raise FilterError([("", _TOO_LONG)]) from None


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises FilterError: of a key that is given twice, one meaning would be lost in silence."""
    found = dict(pairs)
    if len(found) < len(pairs):
        times = Counter(key for key, _ in pairs)
        repeated = sorted(key for key, number in times.items() if number > 1)
        raise FilterError([(key, "is given twice") for key in repeated])
    return found


def _refuse_constant(name: str) -> float:
    raise FilterError([("", f"{name} is no value in JSON")])


def _unstorable(path: str, value: object) -> Iterator[Problem]:
    """What no database keeps as JSON."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _unstorable(f"{path}.{key}" if path else key, key)
            yield from _unstorable(f"{path}.{key}" if path else key, item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unstorable(f"{path}[{index}]", item)
    elif isinstance(value, str) and not _is_text(value):
        yield path.encode("ascii", "replace").decode(), "must be valid Unicode text without NUL"
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, "must be a finite number"


def _is_text(value: str) -> bool:
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False
