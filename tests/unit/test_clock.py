from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest

from bursar import clock
from bursar.clock import frozen_at, last_moment, parse_instant


@pytest.mark.parametrize(
    "text", ["2026-02-24T09:30:00Z", "2026-02-24T11:30:00+02:00", " 2026-02-24T09:30:00 "]
)
def test_instants_are_utc(text: str) -> None:
    assert parse_instant(text) == datetime(2026, 2, 24, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["soon", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-00:01"])
def test_what_is_no_instant_is_a_bad_value(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - what it says differs with what is wrong
        parse_instant(text)


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("2027-01-01T00:00:00Z", "31 December 2026, 23:59 UTC"),
        ("2026-12-31T23:59:59Z", "31 December 2026, 23:59 UTC"),
        ("2026-12-31T23:59:59.999999Z", "31 December 2026, 23:59 UTC"),
        ("2027-01-01T00:00:00.000001Z", "1 January 2027, 00:00 UTC"),
        ("2027-01-01T00:00:01Z", "1 January 2027, 00:00 UTC"),
        ("2027-01-01T00:01:00Z", "1 January 2027, 00:01 UTC"),
        ("2027-01-01T12:00:00Z", "1 January 2027, 12:00 UTC"),
        # Midnight where somebody lives is not the end of a day in UTC, and the other way round.
        ("2027-01-01T00:00:00+02:00", "31 December 2026, 22:00 UTC"),
        ("2026-12-31T19:00:00-05:00", "31 December 2026, 23:59 UTC"),
        ("2027-01-01T05:45:00+05:45", "31 December 2026, 23:59 UTC"),
        ("2028-03-01T00:00:00Z", "29 February 2028, 23:59 UTC"),
        ("2027-03-01T00:00:00Z", "28 February 2027, 23:59 UTC"),
        ("2028-02-29T00:00:00Z", "28 February 2028, 23:59 UTC"),
    ],
)
def test_the_last_moment_before_an_end_is_told(end: str, told: str) -> None:
    assert last_moment(datetime.fromisoformat(end)) == told


def test_a_block_is_ahead_in_its_own_thread_only() -> None:
    later: list[datetime] = []
    with frozen_at(datetime(2026, 3, 1, tzinfo=UTC)):
        with clock.ahead_by(timedelta(days=90)):
            assert clock.now() == datetime(2026, 5, 30, tzinfo=UTC)
            assert clock.real_now() == datetime(2026, 3, 1, tzinfo=UTC)
            thread = Thread(target=lambda: later.append(clock.now()))
            thread.start()
            thread.join()
        assert (clock.now(), later) == (clock.real_now(), [clock.real_now()])
        assert clock.ahead() == timedelta()
