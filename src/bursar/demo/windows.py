"""When a demo run may be taken, in whole days from today, so that `now` shifts dates only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random


class Phase(StrEnum):
    OPEN = "open"
    STARTING_SOON = "starting soon"
    OPENING_LATER = "opening later"
    CLOSED = "closed"
    ARCHIVED = "archived"
    UNPUBLISHED = "unpublished"
    CLOSED_BY_HAND = "closed by hand"


@dataclass(frozen=True, slots=True)
class Window:
    """Offsets are days from today, at least two away from it so that the hour never matters."""

    start: int
    end: int | None
    enrollment_start: int | None
    enrollment_end: int | None
    status: str = "published"
    is_enrollable: bool = True
    availability: str = "Current"


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The runs of one course, oldest first; `main` is the one that is advertised."""

    phases: tuple[Phase, ...]
    main: int


_WEIGHTED_PLANS: tuple[tuple[int, RunPlan], ...] = (
    (610, RunPlan((Phase.OPEN,), 0)),
    (90, RunPlan((Phase.ARCHIVED, Phase.OPEN), 1)),
    (40, RunPlan((Phase.OPEN, Phase.STARTING_SOON), 0)),
    (20, RunPlan((Phase.OPEN, Phase.UNPUBLISHED), 0)),
    (15, RunPlan((Phase.ARCHIVED, Phase.CLOSED, Phase.OPENING_LATER), 2)),
    (15, RunPlan((Phase.ARCHIVED, Phase.OPEN, Phase.STARTING_SOON), 1)),
    (60, RunPlan((Phase.STARTING_SOON,), 0)),
    (30, RunPlan((Phase.OPENING_LATER,), 0)),
    (30, RunPlan((Phase.CLOSED,), 0)),
    (35, RunPlan((Phase.ARCHIVED,), 0)),
    (25, RunPlan((Phase.UNPUBLISHED,), 0)),
    (20, RunPlan((Phase.CLOSED_BY_HAND,), 0)),
    (10, RunPlan((Phase.ARCHIVED, Phase.CLOSED), 1)),
)
_PLANS = tuple(plan for _, plan in _WEIGHTED_PLANS)
_CUMULATIVE = tuple(
    sum(weight for weight, _ in _WEIGHTED_PLANS[: position + 1])
    for position in range(len(_WEIGHTED_PLANS))
)

# Terms are part of the run key and must not move with the clock, hence fixed years.
TERMS: tuple[str, ...] = tuple(f"{term}T{year}" for year in range(2024, 2028) for term in (1, 2, 3))
_MAIN_TERMS: dict[Phase, tuple[int, int]] = {
    Phase.ARCHIVED: (1, 3),
    Phase.CLOSED: (4, 5),
    Phase.CLOSED_BY_HAND: (4, 6),
    Phase.OPEN: (5, 7),
    Phase.STARTING_SOON: (8, 9),
    Phase.OPENING_LATER: (8, 10),
    Phase.UNPUBLISHED: (9, 10),
}


def choose_plan(random: Random) -> RunPlan:
    return random.choices(_PLANS, cum_weights=_CUMULATIVE)[0]


def choose_terms(plan: RunPlan, random: Random) -> tuple[str, ...]:
    low, high = _MAIN_TERMS[plan.phases[plan.main]]
    first = random.randint(low, high) - plan.main
    return TERMS[first : first + len(plan.phases)]


def choose_window(phase: Phase, random: Random) -> Window:
    return _CHOICES[phase](random)


def _open(random: Random) -> Window:
    start = -random.randint(8, 120)
    end = None if random.random() < 0.08 else random.randint(40, 500)
    closes = None if end is None or random.random() < 0.5 else end - random.randint(7, 30)
    opened = None if random.random() < 0.5 else start - random.randint(20, 60)
    return Window(start, end, opened, closes)


def _starting_soon(random: Random) -> Window:
    start = random.randint(10, 90)
    opened = None if random.random() < 0.4 else -random.randint(3, 40)
    availability = "Starting Soon" if start < 60 else "Upcoming"
    return Window(start, start + random.randint(30, 150), opened, None, availability=availability)


def _opening_later(random: Random) -> Window:
    opens = random.randint(7, 60)
    start = opens + random.randint(20, 90)
    end = start + random.randint(30, 120)
    return Window(start, end, opens, end - 14, is_enrollable=False, availability="Upcoming")


def _closed(random: Random) -> Window:
    start = -random.randint(30, 100)
    closed = -random.randint(3, 25)
    return Window(start, random.randint(15, 90), start - 30, closed, is_enrollable=False)


def _archived(random: Random) -> Window:
    start = -random.randint(300, 500)
    end = start + random.randint(60, 160)
    return Window(start, end, None, end - 10, is_enrollable=False, availability="Archived")


def _unpublished(random: Random) -> Window:
    start = random.randint(60, 240)
    status = "reviewed" if random.random() < 0.3 else "unpublished"
    return Window(
        start, start + 90, None, None, status, is_enrollable=False, availability="Upcoming"
    )


def _closed_by_hand(random: Random) -> Window:
    start = -random.randint(20, 80)
    return Window(start, random.randint(60, 200), start - 30, None, is_enrollable=False)


_CHOICES = {
    Phase.OPEN: _open,
    Phase.STARTING_SOON: _starting_soon,
    Phase.OPENING_LATER: _opening_later,
    Phase.CLOSED: _closed,
    Phase.ARCHIVED: _archived,
    Phase.UNPUBLISHED: _unpublished,
    Phase.CLOSED_BY_HAND: _closed_by_hand,
}


class Calendar:
    """Turns day offsets into the ISO strings of the reference; `now` must be aware."""

    def __init__(self, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError("now must be an aware datetime")
        self.today = now.astimezone(UTC).date()

    def day(self, offset: int) -> str:
        return (self.today + timedelta(offset)).isoformat()

    def at(self, offset: int, time: str = "00:00:00") -> str:
        return f"{self.day(offset)}T{time}Z"

    def at_or_none(self, offset: int | None, time: str = "00:00:00") -> str | None:
        return None if offset is None else self.at(offset, time)

    def stamp(self, offset: int, random: Random) -> str:
        """A change's instant with microseconds, as the reference shows them."""
        minutes, rest = divmod(int(random.random() * 86_400_000_000), 60_000_000)
        return self.at(
            offset,
            f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1_000_000:02}.{rest % 1_000_000:06}",
        )
