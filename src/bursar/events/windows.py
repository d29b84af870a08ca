"""What ends is told a few times before, such as 30 and 7 days, and when it has ended; once each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.clock import format_instant
from bursar.events.told import Mark, mark_told, untold

LOOKED_BACK: Final = timedelta(days=30)
"""An end that is longer ago is not told any more: for so long the task may rest."""


@dataclass(frozen=True, slots=True)
class Ending:
    """An object, and when it ends. An end that is moved is another end."""

    enterprise_uuid: UUID
    object_uuid: UUID
    end: datetime


@dataclass(frozen=True, slots=True)
class Notices:
    """How the ends of one kind of object are told."""

    expiring: str
    """The type of the event that is published before the end."""
    days: tuple[int, ...]
    """How many days before the end, at most. Of several that have passed, only the last is told."""
    expired: str | None = None
    """The type of the event that is published after the end, unless somebody else does so."""

    def window(self, now: datetime) -> tuple[datetime, datetime]:
        """After, and up to when an end must be for a notice that is due now."""
        first = now - LOOKED_BACK if self.expired else now
        return first, now + timedelta(days=max(self.days))

    def untold(
        self, connection: Connection, endings: Sequence[Ending], now: datetime
    ) -> dict[UUID, list[UUID]]:
        """Objects with a notice that is due and that nobody has told by now, by enterprise."""
        found: dict[UUID, list[UUID]] = {}
        for event_type, marks in self._by_type(endings, now).items():
            for mark in untold(connection, event_type, list(marks)):
                found.setdefault(mark.enterprise_uuid, []).append(mark.object_uuid)
        return found

    def mark(self, session: Session, endings: Sequence[Ending], now: datetime) -> dict[UUID, int]:
        """The objects whose notice the caller publishes, each with the number of days; 0 when it
        has ended. A statement for each type of event."""
        return {
            mark.object_uuid: marks[mark]
            for event_type, marks in self._by_type(endings, now).items()
            for mark in mark_told(session, event_type, list(marks), now)
        }

    def _by_type(self, endings: Iterable[Ending], now: datetime) -> dict[str, dict[Mark, int]]:
        """The notices that are due, with the number of days."""
        after, until = self.window(now)
        found: dict[str, dict[Mark, int]] = {}
        for each in endings:
            if not after < each.end <= until:
                continue  # It was moved since it was found.
            days = self._days(each, now)
            event_type = self.expiring if days else self.expired
            if event_type is not None:
                text = f"{days} days before {format_instant(each.end)}"
                mark = Mark(each.enterprise_uuid, each.object_uuid, text)
                found.setdefault(event_type, {})[mark] = days
        return found

    def _days(self, ending: Ending, now: datetime) -> int:
        if ending.end <= now:
            return 0
        return min(days for days in self.days if ending.end <= now + timedelta(days=days))
