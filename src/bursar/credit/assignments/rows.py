"""Rows of assignments and of their actions, read from the database or written a moment ago."""

from typing import Any, TypeAlias

from bursar.database.types import AnyRow


class Record(dict[str, Any]):
    """The columns of a row that this transaction has just written, readable as a row's."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


StoredAssignment: TypeAlias = AnyRow | Record
StoredAction: TypeAlias = Any
"""A row or a Record, with the attributes of `rules.ActionRecord`: no type says so of a row."""
