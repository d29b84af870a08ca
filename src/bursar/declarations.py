"""What declaring objects has in common in all domains: absent fields stay as they are, all problems
are reported, and a change is reported with old and new values."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from msgspec import UNSET

DeclarationOutcome = Literal["created", "changed", "unchanged"]
AdoptionOutcome = Literal["created", "changed", "unchanged", "kept"]
"""The same of what is adopted from elsewhere; `kept` is what was changed here later than there."""
Problem = tuple[str, str]
"""The path of the field within the declared object, and what is wrong with it."""
Fields: TypeAlias = Mapping[str, Any]
"""The declared values by the name of the field."""
FieldChanges: TypeAlias = dict[str, tuple[Any, Any]]
"""The old and the new value of each field that changed."""


class DeclarationRefused(Exception):
    """The declared object is not valid. Nothing was changed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{field}: {why}" for field, why in problems))
        self.problems = tuple(problems)


def given(declared: object) -> dict[str, Any]:
    """The fields of a command that are not UNSET, by name; null included.

    `declared` is a dataclass whose optional fields are UNSET by default.
    """
    if not dataclasses.is_dataclass(declared) or isinstance(declared, type):
        raise TypeError(f"{declared!r} is no command")
    values = {field.name: getattr(declared, field.name) for field in dataclasses.fields(declared)}
    return {name: value for name, value in values.items() if value is not UNSET}


def missing(required: Iterable[str], fields: Fields, *, is_new: bool) -> list[Problem]:
    """Problems of required fields: a new object must have them, and they can never be null."""
    return [
        (name, "required")
        for name in required
        if fields.get(name) is None and (is_new or name in fields)
    ]


def are_out_of_order(begin: str, end: str, stored: object | None, fields: Fields) -> bool:
    """Whether the second of two instants would not come after the first.

    An instant that is absent or null is taken from what is stored.
    """
    first, last = (fields.get(name) or getattr(stored, name, None) for name in (begin, end))
    return first is not None and last is not None and last <= first


def order_problems(
    begin: str, end: str, stored: object | None, fields: Fields
) -> Iterator[Problem]:
    """The problem of two instants of which the first is not before the second."""
    if not are_out_of_order(begin, end, stored, fields):
        return
    if end in fields:
        yield end, f"must be later than {begin}"
    else:
        yield begin, f"must be earlier than {end}"


def set_fields(row: object, names: Iterable[str], fields: Fields) -> FieldChanges:
    """Sets the attributes of the row whose declared value differs, and returns what changed."""
    changes = {
        name: (getattr(row, name), fields[name])
        for name in names
        if name in fields and getattr(row, name) != fields[name]
    }
    for name, (_, new) in changes.items():
        setattr(row, name, new)
    return changes


def outcome_of(*, is_new: bool, is_changed: bool) -> DeclarationOutcome:
    if is_new:
        return "created"
    return "changed" if is_changed else "unchanged"
