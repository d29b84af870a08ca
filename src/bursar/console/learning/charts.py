"""Charts that the server draws: which spans of time they count, and how high their axis is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import msgspec

MOST_SINGLE_DAYS: Final = 31
"""Of a longer time, weeks are drawn."""
_STEPS: Final = (2, 4, 10)


class Span(msgspec.Struct, frozen=True):
    """A day or a calendar week, as far as it lies in what is asked for."""

    first: date
    last: date
    enrolled: int
    passed: int


def spans(
    first: date, last: date, enrolled: Mapping[date, int], passed: Mapping[date, int]
) -> list[Span]:
    """The earliest first."""
    return [
        Span(start, end, within(enrolled, start, end), within(passed, start, end))
        for start, end in stretches(first, last)
    ]


def stretches(first: date, last: date) -> list[tuple[date, date]]:
    """The first and the last day of each day or week, the earliest first. Weeks begin on Monday."""
    by_day = (last - first).days < MOST_SINGLE_DAYS
    starts = [first]
    while (start := _after(starts[-1], by_day=by_day)) <= last:
        starts.append(start)
    ends = [*(start - timedelta(days=1) for start in starts[1:]), last]
    return list(zip(starts, ends, strict=True))


def _after(start: date, *, by_day: bool) -> date:
    return start + timedelta(days=1 if by_day else 7 - start.weekday())


def within(counts: Mapping[date, int], first: date, last: date) -> int:
    """How many there are on these days."""
    days = (last - first).days + 1
    return sum(counts.get(first + timedelta(days=number), 0) for number in range(days))


def top_of_axis(highest: int) -> int:
    """The least of 2, 4, 10, 20, 40, ... that is not lower: half of it is a whole number."""
    power = 1
    while True:
        for step in _STEPS:
            if step * power >= highest:
                return step * power
        power *= 10


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, as a bar draws it."""

    title: str
    count: int


_WEEKS: Final = (
    (7, "Up to a week"),
    (14, "Up to 2 weeks"),
    (28, "Up to 4 weeks"),
    (56, "Up to 8 weeks"),
    (91, "Up to 13 weeks"),
    (182, "Up to half a year"),
)
_LONGER: Final = "Longer"


def times_taken(taken: Iterable[tuple[int, int]]) -> Sequence[Share]:
    """Of numbers of days, each with how many took so long: how many took up to which time and
    longer than the one before."""
    counts = dict.fromkeys([*(title for _, title in _WEEKS), _LONGER], 0)
    for days, count in taken:
        counts[next((title for most, title in _WEEKS if days <= most), _LONGER)] += count
    return [Share(title, count) for title, count in counts.items()]


def median(taken: Iterable[tuple[int, int]]) -> float | None:
    """Of numbers of days, each with how many took so long."""
    ordered = sorted(taken)
    total = sum(count for _, count in ordered)
    if not total:
        return None
    return (_at(ordered, (total - 1) // 2) + _at(ordered, total // 2)) / 2


def _at(ordered: Sequence[tuple[int, int]], index: int) -> int:
    for value, count in ordered:
        if index < count:
            return value
        index -= count
    raise IndexError(index)
