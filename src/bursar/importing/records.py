"""What every import speaks of: places in a file, records of it, and what became of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

Item = TypeVar("Item")


class Place(NamedTuple):
    """A position between two records."""

    offset: int = 0
    """In bytes."""
    line: int = 0
    """The last line before it; 0 at the start."""


START: Final = Place()


class Entry(NamedTuple, Generic[Item]):
    """A record of the file as it was read."""

    line: int
    """Where it begins; the first line is 1."""
    item: Item | None
    problem: str
    """Why there is no item."""
    end: Place


@dataclass(frozen=True, slots=True)
class Tally:
    """How many objects were new, different from what was stored, or the same."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.created + other.created,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
        )


@dataclass(slots=True)
class FileReport:
    stored: Tally = field(default_factory=Tally)
    rejected: int = 0
    resumed_at: int = 0
    """The line at which an import that was killed went on; 0 for a fresh start."""


Rejected: TypeAlias = Callable[[int, str], None]
"""Told the line and the reason of each record that was left out."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Told of what happens while a file is imported."""

    rejected: Rejected
    progress: Callable[[int], None]
    """Told the offset reached after each batch."""


class UnreadableFile(ValueError):
    """Nothing of the file can be taken; the message says why."""


class BadRecord(Exception):
    """A record that makes a strict import refuse the whole file."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason
