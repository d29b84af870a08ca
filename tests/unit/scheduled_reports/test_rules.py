"""When reports are due, in zones whose clocks are changed."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.scheduled_reports.rules import Timetable, due_run, last_due, next_due

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/Santiago",  # The clock is changed at midnight.
        "Australia/Lord_Howe",  # By half an hour.
        "Asia/Kathmandu",
        "Pacific/Apia",  # 30 December 2011 did not exist.
        "Africa/Casablanca",
    ]
).map(ZoneInfo)
TIMES = st.times().map(lambda each: each.replace(microsecond=0))
INSTANTS = st.integers(0, 27 * 366 * 86_400).map(
    lambda seconds: datetime(2009, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
NO_DAYS = st.just(frozenset[int]())
DAYS = st.one_of(
    st.tuples(NO_DAYS, NO_DAYS),
    st.tuples(st.frozensets(st.integers(1, 7), min_size=1), NO_DAYS),
    st.tuples(NO_DAYS, st.frozensets(st.integers(1, 31), min_size=1)),
)
TIMETABLES = st.builds(
    lambda at, zone, days: Timetable(at, zone, weekdays=days[0], month_days=days[1]),
    TIMES,
    ZONES,
    DAYS,
)


def _daily(at: str, zone: str) -> Timetable:
    return Timetable(time.fromisoformat(at), ZoneInfo(zone))


def _on_month_days(*days: int) -> Timetable:
    return Timetable(time(6), ZoneInfo("UTC"), month_days=frozenset(days))


def _runs(timetable: Timetable, start: datetime, end: datetime) -> list[datetime]:
    runs = []
    while (start := next_due(timetable, start)) < end:
        runs.append(start)
    return runs


@given(TIMETABLES, INSTANTS)
def test_next_and_last_agree_and_nothing_lies_between(timetable: Timetable, now: datetime) -> None:
    last, following = last_due(timetable, now), next_due(timetable, now)
    assert last <= now < following
    assert next_due(timetable, last) == following
    assert last_due(timetable, following) == following
    assert last_due(timetable, following - timedelta(microseconds=1)) == last


@given(TIMETABLES, INSTANTS)
def test_the_clock_shows_the_time_or_has_just_skipped_it(
    timetable: Timetable, now: datetime
) -> None:
    due = next_due(timetable, now)
    shown = due.astimezone(timetable.zone).replace(tzinfo=None)
    before = (due - timedelta(seconds=1)).astimezone(timetable.zone).replace(tzinfo=None)
    if shown.time() != timetable.time_of_day:
        skipped = {
            datetime.combine(shown.date() - timedelta(days=ago), timetable.time_of_day)
            for ago in (0, 1)
        }
        assert any(before < each < shown for each in skipped)


@given(TIMES, ZONES, st.integers(2012, 2035))
def test_a_daily_report_runs_once_for_each_day_of_a_year(
    at: time, zone: ZoneInfo, year: int
) -> None:
    start = datetime(year, 1, 1, tzinfo=zone).astimezone(UTC) - timedelta(seconds=1)
    runs = _runs(Timetable(at, zone), start, datetime(year + 1, 1, 1, tzinfo=zone))
    assert len(runs) == (date(year + 1, 1, 1) - date(year, 1, 1)).days


@given(TIMETABLES, INSTANTS, st.timedeltas(timedelta(0), timedelta(days=100)))
def test_missed_runs_are_caught_up_by_one(
    timetable: Timetable, since: datetime, away: timedelta
) -> None:
    now = since + away
    run = due_run(timetable, since, now)
    missed = _runs(timetable, since, now + timedelta(microseconds=1))
    assert run == (missed[-1] if missed else None)
    if run is not None:
        assert due_run(timetable, run, now) is None


@pytest.mark.parametrize(
    ("timetable", "after", "due"),
    [
        pytest.param(
            _daily("02:30", "Europe/Berlin"), "2026-03-28T12:00Z", "2026-03-29T01:00Z", id="gap"
        ),
        pytest.param(
            _daily("02:00", "Europe/Berlin"), "2026-03-28T12:00Z", "2026-03-29T01:00Z", id="edge"
        ),
        pytest.param(
            _daily("02:30", "Europe/Berlin"), "2026-10-24T12:00Z", "2026-10-25T00:30Z", id="twice"
        ),
        pytest.param(
            _daily("02:30", "Europe/Berlin"), "2026-10-25T00:30Z", "2026-10-26T01:30Z", id="once"
        ),
        pytest.param(
            _daily("02:15", "Australia/Lord_Howe"),
            "2026-10-03T00:00Z",
            "2026-10-03T15:30Z",
            id="half an hour",
        ),
        pytest.param(
            _daily("10:00", "Pacific/Apia"), "2011-12-29T20:00Z", "2011-12-30T10:00Z", id="no day"
        ),
        pytest.param(
            _daily("10:00", "Pacific/Apia"), "2011-12-30T10:00Z", "2011-12-30T20:00Z", id="the next"
        ),
    ],
)
def test_changes_of_the_clock(timetable: Timetable, after: str, due: str) -> None:
    assert next_due(timetable, datetime.fromisoformat(after)) == datetime.fromisoformat(due)


def test_the_last_day_stands_for_the_days_that_a_month_has_not() -> None:
    runs = _runs(
        _on_month_days(30, 31), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    )
    assert [f"{run:%m-%d}" for run in runs] == [
        "01-30",
        "01-31",
        "02-28",
        "03-30",
        "03-31",
        "04-30",
    ]


def test_the_29th_is_a_day_of_february_in_leap_years_only() -> None:
    for year, day in ((2027, 28), (2028, 29)):
        due = next_due(_on_month_days(29), datetime(year, 2, 1, tzinfo=UTC))
        assert due == datetime(year, 2, day, 6, tzinfo=UTC)


def test_weekdays_are_those_of_the_zone() -> None:
    mondays = Timetable(time(0, 30), BERLIN, weekdays=frozenset({1}))
    # It is still Sunday in UTC.
    assert next_due(mondays, datetime(2026, 7, 1, tzinfo=UTC)) == datetime(
        2026, 7, 5, 22, 30, tzinfo=UTC
    )


def test_days_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="from 1 to 31"):
        _on_month_days(32)
    with pytest.raises(ValueError, match="from 1 \\(Monday\\) to 7"):
        Timetable(time(6), BERLIN, weekdays=frozenset({0}))
    with pytest.raises(ValueError, match="not both"):
        Timetable(time(6), BERLIN, weekdays=frozenset({1}), month_days=frozenset({1}))
    with pytest.raises(ValueError, match="no zone of its own"):
        Timetable(time(6, tzinfo=UTC), BERLIN)
