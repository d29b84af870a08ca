"""What was acknowledged to clients, and how it differs from what is stored. Nothing here has
effects."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

Key = TypeVar("Key", bound=Hashable)
Pair: TypeAlias = tuple[str, str]
"""Of an address and a course run."""


@dataclass
class Journal:
    """The journal of one client. A write is entered when it is acknowledged; until then it is
    repeated."""

    assignments: dict[str, Pair] = field(default_factory=dict)
    """By address: uuid and state."""
    transactions: dict[str, str] = field(default_factory=dict)
    """By uuid: state."""
    licenses: dict[str, Pair] = field(default_factory=dict)
    """By address: uuid and status."""
    jobs: dict[str, list[Pair]] = field(default_factory=dict)
    progress: dict[Pair, float] = field(default_factory=dict)
    """Grades."""
    narrow: dict[str, Pair] = field(default_factory=dict)
    """Assignments of the budget that is too small for all, by address: uuid and state."""
    seats: dict[Pair, bool] = field(default_factory=dict)
    """By address and course run: whether the LMS has the learner in it when all work is done."""
    owed: set[Pair] = field(default_factory=set)
    """Mails: an address, and words of the subject."""
    enrolled: set[Pair] = field(default_factory=set)
    """An address, and the course run that a mail to it must name."""
    unexpected: list[str] = field(default_factory=list)
    """Answers that no client should have got."""

    def adopt(self, other: "Journal") -> None:
        """Adds another journal. No two clients write about the same objects."""
        self.assignments |= other.assignments
        self.transactions |= other.transactions
        self.licenses |= other.licenses
        self.jobs |= other.jobs
        self.progress |= other.progress
        self.narrow |= other.narrow
        self.seats |= other.seats
        self.owed |= other.owed
        self.enrolled |= other.enrolled
        self.unexpected += other.unexpected

    @property
    def writes(self) -> int:
        kinds = (self.assignments, self.transactions, self.licenses, self.jobs, self.progress)
        return sum(len(kind) for kind in kinds)


def differences(
    what: str, promised: Mapping[Key, object], found: Iterable[tuple[Key, object]]
) -> list[str]:
    """One line for each acknowledged write that was lost, done twice or done differently, and for
    each object that no client requested."""
    pairs = list(found)
    times = Counter(key for key, _ in pairs)
    stored = dict(pairs)
    lines = [
        f"{what} {key}: is there {number} times" for key, number in times.items() if number > 1
    ]
    lines += [f"{what} {key}: was acknowledged and is lost" for key in promised.keys() - stored]
    lines += [f"{what} {key}: nobody was promised it" for key in stored.keys() - promised]
    lines += [
        f"{what} {key}: {promised[key]} was acknowledged, {stored[key]} is stored"
        for key in promised.keys() & stored
        if promised[key] != stored[key]
    ]
    return sorted(lines)
