"""What is found about an enterprise while it is adopted, and what came of it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from bursar.adopting.choices import KINDS, Choices

_SHOWN: Final = 20
"""Findings of a kind that are told one by one; the others are counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    kind: str
    text: str
    is_obstacle: bool
    """Whether the enterprise cannot be adopted with it."""


@dataclass(slots=True)
class Findings:
    choices: Choices
    _told: dict[str, list[Finding]] = field(default_factory=dict)
    _counted: Counter[str] = field(default_factory=Counter)
    has_obstacles: bool = False

    def note(self, kind: str, text: str) -> None:
        """Something that the operator should know, and that is no obstacle."""
        self._add(Finding(kind, text, is_obstacle=False))

    def obstacle(self, kind: str, text: str) -> None:
        """Something for which the enterprise is not adopted."""
        self._add(Finding(kind, text, is_obstacle=True))

    def decide(self, kind: str, about: object, text: str) -> str | None:
        """What the operator has decided about an object. Without a decision it is an obstacle."""
        word = self.choices.of(kind, about)
        if word is None:
            ways = ", ".join(f"`{each}` ({meaning})" for each, meaning in KINDS[kind].items())
            self.obstacle(kind, f"{text}. Choose for {kind}: {ways}")
        else:
            self.note(kind, f"{text}: {word}")
        return word

    def __iter__(self) -> Iterator[Finding]:
        for kind, told in self._told.items():
            yield from told
            if more := self._counted[kind] - len(told):
                yield Finding(kind, f"and {more} more like this", told[-1].is_obstacle)

    def _add(self, finding: Finding) -> None:
        told = self._told.setdefault(finding.kind, [])
        self._counted[finding.kind] += 1
        self.has_obstacles |= finding.is_obstacle
        if len(told) < _SHOWN:
            told.append(finding)


Outcome = Literal["created", "changed", "unchanged"]


@dataclass(slots=True)
class Tally:
    """How many objects were made, changed, and found as they shall be, by what they are."""

    counts: Counter[tuple[str, Outcome]] = field(default_factory=Counter)

    def add(self, what: str, outcome: Outcome, number: int = 1) -> None:
        if number:
            self.counts[what, outcome] += number

    def total(self, outcome: Outcome) -> int:
        return sum(number for (_, each), number in self.counts.items() if each == outcome)

    def lines(self) -> Iterator[str]:
        for what in dict.fromkeys(each for each, _ in self.counts):
            numbers = ", ".join(
                f"{number} {outcome}"
                for (each, outcome), number in self.counts.items()
                if each == what
            )
            yield f"{what}: {numbers}"


@dataclass(frozen=True, slots=True)
class Total:
    """A number of the old service beside ours."""

    about: str
    state: str
    theirs: int
    by_choice: int
    """What a choice has added or taken."""
    ours: int

    @property
    def difference(self) -> int:
        return self.ours - self.theirs - self.by_choice
