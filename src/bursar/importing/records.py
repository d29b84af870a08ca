"""The vocabulary of imports: places in a file, its records, and the outcome of an import."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

Item = TypeVar("Item")


class Place(NamedTuple):
    """A position between two records."""

    offset: int = 0
    """The position in bytes."""
    line: int = 0
    """The number of the last line before the position; 0 at the start."""


START: Final = Place()


class Entry(NamedTuple, Generic[Item]):
    """A record of the file as it was read."""

    line: int
    """The line in which the record begins; the first line is 1."""
    item: Item | None
    problem: str
    """What is wrong with the record, if there is no item."""
    end: Place


@dataclass(frozen=True, slots=True)
class Tally:
    """How many objects were created, changed, or left unchanged."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0

    @property
    def total(self) -> int:
        return self.created + self.changed + self.unchanged

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
    """The line after which an earlier import was continued; 0 if there was none."""


Rejected: TypeAlias = Callable[[int, str], None]
"""Is called with the line of each record that was skipped, and the reason."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Callbacks that are called while a file is imported."""

    rejected: Rejected
    progress: Callable[[int], None]
    """Is called after each batch with the offset in the file."""


class UnreadableFile(ValueError):
    """The file cannot be imported at all; the message says why."""


class BadRecord(Exception):
    """A record that makes a strict import refuse the whole file."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason
