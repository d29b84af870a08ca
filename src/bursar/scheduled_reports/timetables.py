"""Timetables as they are stored and as manifests spell them."""

from collections.abc import Iterable, Mapping
from datetime import time
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bursar.scheduled_reports.rules import Timetable

WEEKDAYS: Final = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip


def zone_named(name: str) -> ZoneInfo:
    """Raises ValueError, with a sentence for the operator."""
    try:
        return ZoneInfo(name)
    # A name such as `Europe` is a folder of the database of zones, and `../x` is none of it.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no such time zone; write it like Europe/Berlin or UTC") from None


def weekday_named(given: object) -> int:
    """1 for Monday to 7 for Sunday: of that number, of the name, or of its first three letters.

    Raises ValueError.
    """
    if isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= len(WEEKDAYS):
        return given
    if isinstance(given, str):
        name = given.strip().lower()
        for number, known in enumerate(WEEKDAYS, start=1):
            if name in {known, known[:3]}:
                return number
    raise ValueError("must be a day such as monday, or a number from 1 (Monday) to 7 (Sunday)")


def stored(timetable: Timetable) -> dict[str, Any]:
    """What `timetable_of` reads, and what manifests spell: JSON, with weekdays by name."""
    days: dict[str, Any] = {}
    if timetable.weekdays:
        days["weekdays"] = [WEEKDAYS[number - 1] for number in sorted(timetable.weekdays)]
    if timetable.month_days:
        days["month_days"] = sorted(timetable.month_days)
    return {
        **days,
        "time": _written(timetable.time_of_day),
        "timezone": timetable.zone.key,
    }


def timetable_of(values: Mapping[str, Any]) -> Timetable:
    """Raises ValueError, as when this machine no longer knows the zone."""
    return Timetable(
        time.fromisoformat(values["time"]),
        zone_named(values["timezone"]),
        _numbers(values.get("weekdays", ())),
        frozenset(values.get("month_days", ())),
    )


def _numbers(weekdays: Iterable[str]) -> frozenset[int]:
    return frozenset(map(weekday_named, weekdays))


def _written(time_of_day: time) -> str:
    return time_of_day.isoformat("seconds" if time_of_day.second else "minutes")
