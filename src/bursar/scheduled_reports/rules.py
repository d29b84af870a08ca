"""When a report is due: a time on the wall of some zone, on chosen days.

Everything here is a decision about values. An argument that is an instant has a zone, and every
instant that is returned is in UTC.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_MONDAY_TO_SUNDAY: Final = range(1, 8)
_DAYS_OF_A_MONTH: Final = range(1, 32)


@dataclass(frozen=True, slots=True)
class Timetable:
    """On which days, and at what time of the day in `zone`. Without days it is every day.

    Raises ValueError for days that no week or month has, and for both kinds of days at once.
    """

    time_of_day: time
    zone: ZoneInfo
    weekdays: frozenset[int] = frozenset()
    """As ISO 8601 counts them: 1 is Monday, 7 is Sunday."""
    month_days: frozenset[int] = frozenset()
    """From 1 to 31. In a month that is too short, its last day stands for those it has not."""

    def __post_init__(self) -> None:
        if self.weekdays and self.month_days:
            raise ValueError("Give weekdays or days of the month, not both.")
        if not self.weekdays <= set(_MONDAY_TO_SUNDAY):
            raise ValueError("A weekday is a number from 1 (Monday) to 7 (Sunday).")
        if not self.month_days <= set(_DAYS_OF_A_MONTH):
            raise ValueError("A day of the month is a number from 1 to 31.")
        if self.time_of_day.tzinfo is not None or self.time_of_day.microsecond:
            raise ValueError("A time of the day has no zone of its own and no parts of a second.")


def next_due(timetable: Timetable, after: datetime) -> datetime:
    """The first due instant that is later than `after`."""
    return _first(timetable, after, _DAY, lambda instant: instant > after)


def last_due(timetable: Timetable, now: datetime) -> datetime:
    """The last due instant that is not later than `now`."""
    return _first(timetable, now, -_DAY, lambda instant: instant <= now)


def due_run(timetable: Timetable, since: datetime, now: datetime) -> datetime | None:
    """The run that is needed now, if any: one, however many were missed since the last one.

    `since` is the due instant of the last run, or when the report was declared if it never ran.
    """
    last = last_due(timetable, now)
    return last if last > since else None


def _first(
    timetable: Timetable, start: datetime, step: timedelta, is_wanted: Callable[[datetime], bool]
) -> datetime:
    """The first wanted instant when the days are tried in the direction of `step`."""
    # It starts a day on the other side, because a skipped time is due later than its own day says.
    day = start.astimezone(timetable.zone).date() - step
    return next(
        instant
        for each in _days_from(day, step)
        if _is_chosen(timetable, each)
        if is_wanted(instant := _instant(timetable, each))
    )


def _days_from(day: date, step: timedelta) -> Iterator[date]:
    while True:
        yield day
        day += step


def _is_chosen(timetable: Timetable, day: date) -> bool:
    if timetable.weekdays:
        return day.isoweekday() in timetable.weekdays
    if timetable.month_days:
        is_last = (day + _DAY).day == 1
        return day.day in timetable.month_days or (is_last and max(timetable.month_days) > day.day)
    return True


def _instant(timetable: Timetable, day: date) -> datetime:
    """When the clock of the zone shows the time on `day`.

    A time that the clock shows twice counts when it is shown first. A time that the clock skips
    counts at the first instant after the gap.
    """
    wall = datetime.combine(day, timetable.time_of_day, timetable.zone)
    instant = wall.astimezone(UTC)
    is_skipped = instant.astimezone(timetable.zone).replace(tzinfo=None) != wall.replace(
        tzinfo=None
    )
    if not is_skipped:
        return instant
    # For a skipped time, fold=1 computes with the offset after the gap, and so lands before it.
    return _change_of_offset(timetable.zone, wall.replace(fold=1).astimezone(UTC), instant)


def _change_of_offset(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first instant that has the offset of `after`, to the second, found by halving."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + _SECOND * ((after - before) // _SECOND // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
