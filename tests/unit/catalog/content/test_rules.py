from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.catalog.content.rules import CLOSED, program_active_until, run_open_until
from bursar.clock import FOREVER, NEVER

NOW = datetime(2026, 11, 24, tzinfo=UTC)
PAST, FUTURE = NOW - timedelta(days=1), NOW + timedelta(days=1)
# Far from the ends of time, where FOREVER and NEVER stand.
instants = st.floats(-1e8, 1e9).map(lambda seconds: NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, FOREVER),
        ({"status": "Published"}, FOREVER),
        ({"status": "unpublished"}, NEVER),
        ({"status": None}, NEVER),
        ({"status": 7}, NEVER),
        ({"enrollment_end": FUTURE}, FUTURE),
        ({"end": FUTURE}, FUTURE),
        ({"enrollment_end": FUTURE, "end": PAST}, PAST),
        ({"is_enrollable": False}, CLOSED),
        ({"is_enrollable": False, "enrollment_start": PAST}, PAST),
        ({"is_enrollable": False, "enrollment_start": FUTURE}, FUTURE),
        ({"is_enrollable": True, "enrollment_start": FUTURE}, FOREVER),
        ({"is_enrollable": None, "enrollment_start": PAST}, FOREVER),
    ],
)
def test_a_run_is_open_until(fields: dict[str, object], expected: datetime) -> None:
    run = {
        "status": "published",
        "is_enrollable": True,
        "enrollment_start": None,
        "enrollment_end": None,
        "end": None,
    }
    assert run_open_until(**(run | fields)) == expected  # type: ignore[arg-type]


@given(
    now=instants,
    is_enrollable=st.sampled_from([True, False, None]),
    start=st.none() | instants,
    enrollment_end=st.none() | instants,
    end=st.none() | instants,
)
def test_the_one_instant_says_the_same_as_the_rule(
    now: datetime,
    is_enrollable: bool | None,
    start: datetime | None,
    enrollment_end: datetime | None,
    end: datetime | None,
) -> None:
    closed_by_hand = is_enrollable is False and (start is None or start <= now)
    is_open = (
        (enrollment_end is None or enrollment_end > now)
        and (end is None or end > now)
        and not closed_by_hand
    )
    until = run_open_until(
        status="published",
        is_enrollable=is_enrollable,
        enrollment_start=start,
        enrollment_end=enrollment_end,
        end=end,
    )
    assert (now < until) == is_open


def test_a_program_is_listed_unless_hidden() -> None:
    assert program_active_until(hidden=False) == FOREVER
    assert program_active_until(hidden=True) == NEVER
