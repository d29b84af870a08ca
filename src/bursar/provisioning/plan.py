"""What a run of `bursar apply` does, or would do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bursar.declarations import DeclarationOutcome

_SIGNS: Final = {"created": "+", "changed": "~"}


@dataclass(slots=True)
class Plan:
    """Counts every declared object; a deposit belongs to its subsidy."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    warnings: list[str] = field(default_factory=list)
    """What is odd about what was declared, as `path: why`."""
    lines: list[str] = field(default_factory=list)
    """What is created (`+`), changed (`~`) or removed (`-`): one object a line, or what stands
    together. A line that is indented says more."""

    @property
    def summary(self) -> str:
        return _counts(self.created, self.changed, self.unchanged)

    def note(self, outcome: DeclarationOutcome, what: str) -> None:
        self._count(*(int(outcome == name) for name in ("created", "changed", "unchanged")))
        if outcome != "unchanged":
            self.lines.append(f"{_SIGNS[outcome]} {what}")

    def note_removed(self, what: str) -> None:
        """Something that the manifest's list no longer holds counts as changed."""
        self._count(0, 1, 0)
        self.lines.append(f"- {what}")

    def note_several(self, counts: Sequence[int], source: str) -> None:
        created, changed, unchanged = counts
        self._count(created, changed, unchanged)
        if created or changed:
            sign = "+" if created else "~"
            self.lines.append(f"{sign} {source}: {_counts(created, changed, unchanged)}")

    def explain(self, what: str) -> None:
        """Adds a line about something that is not counted."""
        self.lines.append(f"  {what}")

    def _count(self, created: int, changed: int, unchanged: int) -> None:
        self.created += created
        self.changed += changed
        self.unchanged += unchanged


def _counts(created: int, changed: int, unchanged: int) -> str:
    return f"{created} created, {changed} changed, {unchanged} unchanged"
