"""Members who join and leave in parts.

Identity providers push thousands of members, a part at a time. What only adds and removes members
whom it names is changed as that, without reading the whole group for each part.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

_ONE: Final = re.compile(r'members\[\s*value\s+eq\s+"([^"\\]*)"\s*\]', re.IGNORECASE)
_ADD, _REMOVE = "add", "remove"


@dataclass(slots=True)
class MemberChanges:
    """By the ids of users."""

    joining: set[str] = field(default_factory=set)
    leaving: set[str] = field(default_factory=set)

    def note(self, operation: str, ids: set[str]) -> None:
        """A later operation counts more than an earlier one."""
        into, out_of = (
            (self.joining, self.leaving) if operation == _ADD else (self.leaving, self.joining)
        )
        into |= ids
        out_of -= ids


def member_changes(body: bytes) -> MemberChanges | None:
    """None for a PATCH that is about anything else, or that somebody has to refuse."""
    try:
        data: Any = msgspec.json.decode(body)
        operations = list(_operations(data))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return None
    changes = MemberChanges()
    for operation, ids in operations:
        changes.note(operation, ids)
    return changes if operations else None


def _operations(data: Any) -> Iterator[tuple[str, set[str]]]:
    """Raises ValueError for what is not so simple."""
    for each in _lower(data).get("operations", ()):
        operation = _lower(each)
        kind, path = str(operation.get("op", "")).lower(), operation.get("path")
        value = operation.get("value")
        if kind == _ADD and path is None:
            (path,), (value,) = zip(*_lower(value).items(), strict=True)
        if kind not in {_ADD, _REMOVE} or not isinstance(path, str):
            raise ValueError(kind)
        one = _ONE.fullmatch(path.strip())
        if one is not None and kind == _REMOVE and value is None:
            yield kind, {one[1]}
        elif path.strip().lower() == "members":
            yield kind, set(_ids(value))
        else:
            raise ValueError(path)


def _ids(value: Any) -> Iterator[str]:
    entries = value if isinstance(value, list) else [value]
    if not entries:
        raise ValueError("nobody")
    for entry in entries:
        identifier = _lower(entry).get("value")
        if not isinstance(identifier, str) or not identifier:
            raise ValueError("nobody")
        yield identifier


def _lower(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("no object")
    return {str(name).lower(): each for name, each in value.items()}
