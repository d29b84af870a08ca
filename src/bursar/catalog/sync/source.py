"""What the sync needs of a discovery service. An adapter in `connectors/` implements it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

import msgspec

Wait: TypeAlias = Callable[[float], None]
"""Lets seconds pass. It may raise, when the process is told to stop."""


class Listing(StrEnum):
    """A list of the service. The values are stored."""

    COURSES = "courses"
    COURSE_RUNS = "course_runs"
    PROGRAMS = "programs"
    SEARCH = "search"
    """The search index: it knows a few keys that the documents lack."""


@dataclass(frozen=True, slots=True)
class Page:
    results: Sequence[msgspec.Raw]
    count: int | None
    """How many things the service says that the whole list has."""
    next_query: str | None
    """What to ask for next; None behind the last page."""
    told_at: datetime | None
    """What the service's clock showed."""


class SourceTrouble(Exception):
    """A page did not come, in all attempts. The message is for the operator."""


class PageGone(SourceTrouble):
    """There is no such page. Behind one that came it means that the list has become shorter."""


class ContentSource(Protocol):
    @property
    def name(self) -> str:
        """Tells services and their parts apart, so that no run goes on with another one's pages."""

    def first_query(self, listing: Listing, since: datetime | None) -> str:
        """Asks for what was changed since then; without an instant, for everything."""

    def page(self, listing: Listing, query: str, wait: Wait) -> Page:
        """Raises SourceTrouble, and whatever `wait` raises."""
