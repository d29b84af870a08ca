"""Leap days and daylight saving: every rule counts in UTC, wherever the process runs."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bursar.clock import last_moment, parse_instant
from bursar.credit.assignments.rules import NINETY_DAYS_PASSED, earliest_expiration
from bursar.jobs.context import JobContext
from bursar.jobs.registry import Workflow
from bursar.jobs.schedules import Schedules, _Schedule
from bursar.subscriptions.plans.refusals import Unusable
from bursar.subscriptions.plans.rules import Terms, days_until, why_unassignable

ZONES = ["UTC", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]
"""With changes of an hour and of half an hour, in both hemispheres."""
CHANGES = ["2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z", "2026-04-04T15:00:00Z"]
"""Instants at which clocks are changed in one of them."""


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_the_process_is_in_the_zone(zone: str) -> None:
    local = datetime(2026, 7, 1, tzinfo=UTC).astimezone()
    assert (local.utcoffset() == timedelta(0)) == (zone == "UTC")


@pytest.mark.parametrize("change", CHANGES)
def test_hourly_work_is_due_every_hour_over_a_change_of_clocks(zone: str, change: str) -> None:
    start = parse_instant(change) - timedelta(hours=3)
    schedule = _Schedule(Workflow("work", nothing, "7 * * * *"), "7 * * * *", start)
    due = []
    for _ in range(6):
        due.append(schedule.next)
        schedule.pass_over(schedule.next)
    first = start + timedelta(minutes=7)
    assert due == [first + timedelta(hours=hour) for hour in range(6)], zone


def nothing(_context: JobContext) -> None:
    """Of no account."""


def test_yearly_work_of_a_leap_day_waits_for_one() -> None:
    [schedule] = Schedules(
        [Workflow("work", nothing, "0 0 29 2 *")], datetime(2026, 3, 1, tzinfo=UTC)
    )._schedules
    assert schedule.next == datetime(2028, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("allocated", "expires"),
    [
        ("2027-12-01T12:00:00Z", "2028-02-29T12:00:00Z"),
        ("2026-12-01T12:00:00Z", "2027-03-01T12:00:00Z"),
        ("2028-02-29T12:00:00Z", "2028-05-29T12:00:00Z"),
        ("2026-01-15T07:30:00Z", "2026-04-15T07:30:00Z"),
    ],
)
def test_ninety_days_are_ninety_times_24_hours(zone: str, allocated: str, expires: str) -> None:
    at = parse_instant(allocated)
    found = earliest_expiration(at, at + timedelta(days=900), None)
    assert (found.at, found.reason) == (parse_instant(expires), NINETY_DAYS_PASSED), zone


def test_days_until_a_leap_day_are_counted(zone: str) -> None:
    end = parse_instant("2028-03-01T00:00:00Z")
    assert days_until(end, parse_instant("2028-02-28T00:00:00Z")) == 2, zone
    assert days_until(end, parse_instant("2028-02-28T00:00:00.000001Z")) == 1
    assert days_until(end, parse_instant("2027-03-01T00:00:00Z")) == 366
    assert last_moment(end) == "29 February 2028, 23:59 UTC"


def test_a_plan_that_ends_on_a_leap_day_ends_at_that_instant(zone: str) -> None:
    start, end = parse_instant("2024-02-29T00:00:00Z"), parse_instant("2028-02-29T00:00:00Z")
    terms = Terms(is_active=True, start_date=start, expiration_date=end)
    moment = timedelta(microseconds=1)
    assert why_unassignable(terms, start - moment) is Unusable.NOT_STARTED, zone
    assert why_unassignable(terms, start) is None
    assert why_unassignable(terms, end - moment) is None
    assert why_unassignable(terms, end) is Unusable.EXPIRED


@pytest.mark.parametrize("renewed", ["2028-02-29T00:00:00Z", *CHANGES])
def test_a_plan_is_locked_twelve_hours_before_its_renewal(zone: str, renewed: str) -> None:
    at = parse_instant(renewed)
    year, day = timedelta(days=366), timedelta(days=1)
    terms = Terms(is_active=True, start_date=at - year, expiration_date=at + day, renewal_date=at)
    locked = at - timedelta(hours=12)
    assert why_unassignable(terms, locked - timedelta(microseconds=1)) is None, zone
    assert why_unassignable(terms, locked) is Unusable.LOCKED_FOR_RENEWAL
