from datetime import UTC, datetime

import pytest

from bursar.clock import parse_instant


@pytest.mark.parametrize(
    "text", ["2026-02-24T09:30:00Z", "2026-02-24T11:30:00+02:00", " 2026-02-24T09:30:00 "]
)
def test_instants_are_utc(text: str) -> None:
    assert parse_instant(text) == datetime(2026, 2, 24, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["soon", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-00:01"])
def test_what_is_no_instant_is_a_bad_value(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - what it says differs with what is wrong
        parse_instant(text)
