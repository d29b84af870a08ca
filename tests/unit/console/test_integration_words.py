"""How integrations are worded."""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from bursar.console.integrations.words import others, schedule, state_of_client, wanted
from bursar.identity.service import ClientOfEnterprise
from bursar.scheduled_reports.rules import Timetable

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def client(
    disabled: datetime | None = None, secrets: int = 1, tokens: int = 0, elsewhere: int = 0
) -> ClientOfEnterprise:
    made = (uuid4(), "acme-bi", "admin", NOW, disabled, None)
    return ClientOfEnterprise(*made, secrets, tokens, elsewhere)


def timetable(
    at: time = time(6, 30), *, weekdays: Iterable[int] = (), month_days: Iterable[int] = ()
) -> Timetable:
    return Timetable(at, ZoneInfo("Europe/Berlin"), frozenset(weekdays), frozenset(month_days))


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (timetable(), "Every day at 06:30, Europe/Berlin"),
        (timetable(time(6, 0, 5)), "Every day at 06:00:05, Europe/Berlin"),
        (timetable(weekdays={7}), "Sunday at 06:30, Europe/Berlin"),
        (timetable(weekdays={5, 1, 3}), "Monday, Wednesday and Friday at 06:30, Europe/Berlin"),
        (timetable(month_days={15, 1}), "Day 1 and 15 of the month at 06:30, Europe/Berlin"),
        (None, "In a time zone that this machine does not know"),
    ],
)
def test_a_timetable_is_a_sentence(declared: Timetable | None, told: str) -> None:
    assert schedule(declared) == told


@pytest.mark.parametrize(
    ("types", "told"),
    [
        (None, "All"),
        (["ping"], "ping"),
        (["a.b", "c.d"], "a.b, c.d"),
        (["a.b", "c.d", "e.f", "g.h"], "a.b, c.d and 2 more"),
    ],
)
def test_types_are_shortened(types: list[str] | None, told: str) -> None:
    assert wanted(types) == told


def test_a_client_works_disabled_or_not() -> None:
    assert state_of_client(client())[0] == "Enabled"
    assert state_of_client(client(secrets=0, tokens=1))[0] == "Enabled"
    assert state_of_client(client(secrets=0))[0] == "No secret"
    assert state_of_client(client(disabled=NOW))[0] == "Disabled"


def test_others_are_counted_and_not_named() -> None:
    assert others(client()) == ""
    assert "1 other enterprise too" in others(client(elsewhere=1))
    assert "2 other enterprises too" in others(client(elsewhere=2))
