from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.catalog.content.parts import LARGEST_CENTS, cents, instant, parts_of, run_price_cents
from bursar.catalog.offers.rules import (
    course_price_cents,
    is_enrollable,
    latest_enrollment_end,
    nested_run,
    run_to_enroll_in,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)
DAY = timedelta(days=1)
PAST, SOON, LATE = NOW - DAY, NOW + DAY, NOW + 2 * DAY

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def run(key: str = "R", **fields: Any) -> dict[str, Any]:
    written = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in fields.items()
    }
    return {"key": key, "uuid": f"uuid of {key}", "status": "published"} | written


def course(*runs: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"key": "C", "course_runs": list(runs)} | fields


@given(st.integers(0, LARGEST_CENTS))
def test_a_price_in_dollars_and_cents_is_read_exactly(amount: int) -> None:
    dollars = Decimal(amount).scaleb(-2)
    assert cents(f"{dollars:.2f}") == amount


@given(st.integers(0, 10**12), st.integers(0, 9))
def test_half_a_cent_is_rounded_up(amount: int, tenths: int) -> None:
    thousandths = Decimal(10 * amount + tenths).scaleb(-3)
    assert cents(str(thousandths)) == amount + (tenths >= 5)


@given(st.floats(0, 1e9))
def test_a_number_costs_what_it_costs_when_it_is_written_out(dollars: float) -> None:
    assert cents(dollars) == cents(str(dollars))


@given(json_values)
def test_any_value_is_a_storable_price_or_none(value: Any) -> None:
    price = cents(value)
    assert price is None or 0 <= price <= LARGEST_CENTS


@given(json_values, json_values)
def test_documents_that_make_no_sense_are_read_all_the_same(value: Any, other: Any) -> None:
    odd_run = dict.fromkeys(("key", "uuid", "status", "start", "end", "enrollment_end"), value)
    for held in (value, [value], [run(), other, odd_run]):
        odd = {"course_runs": held, "entitlements": held, "advertised_course_run_uuid": value}
        course_price_cents(odd, NOW)
        latest_enrollment_end(odd, NOW)
        run_to_enroll_in(odd, NOW)
        nested_run(odd, "R")


@pytest.mark.parametrize(
    ("dollars", "expected"),
    [
        (0, 0),
        (199, 19900),
        (149.5, 14950),
        (1.005, 101),
        ("1.005", 101),
        (" 199.00 ", 19900),
        ("1e2", 10000),
        ("0.004999999999999999999999999999999999", 0),
        ("92233720368547758.07", LARGEST_CENTS),
        ("92233720368547758.074", LARGEST_CENTS),
        ("92233720368547758.075", None),
        ("92233720368547758.08", None),
        ("1e999999999", None),
        ("1e99999999999999999999", None),
        pytest.param(10**5000, None, id="huge"),
        (-0.01, None),
        ("-1", None),
        ("NaN", None),
        ("sNaN", None),
        (float("nan"), None),
        (float("inf"), None),
        ("free", None),
        ("", None),
        (True, None),
        (None, None),
        (["1"], None),
        ({"amount": 1}, None),
    ],
)
def test_dollars_in_cents(dollars: Any, expected: int | None) -> None:
    assert cents(dollars) == expected


def test_a_run_costs_its_first_enrollable_paid_seat() -> None:
    assert run_price_cents(run(first_enrollable_paid_seat_price=49)) == 4900
    assert run_price_cents(run()) is None


def entitlement(price: Any, expires: datetime | None = None) -> dict[str, Any]:
    return {"price": price, "expires": expires and expires.isoformat()}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"advertised_course_run_uuid": "uuid of B"}, 20000),
        ({"advertised_course_run_uuid": "uuid of another course's"}, None),
        ({}, None),
        ({"advertised_course_run_uuid": None, "entitlements": [entitlement("75.00")]}, 7500),
        ({"advertised_course_run_uuid": "uuid of B", "entitlements": [entitlement("1")]}, 20000),
        ({"advertised_course_run_uuid": "uuid of C", "entitlements": [entitlement("75")]}, 7500),
        ({"entitlements": [entitlement("9"), entitlement("8.50"), entitlement("10")]}, 850),
        ({"entitlements": [entitlement("9"), entitlement("8.50", PAST)]}, 900),
        ({"entitlements": [entitlement("9"), entitlement("8.50", NOW)]}, 900),
        ({"entitlements": [entitlement("9"), entitlement("8.50", SOON)]}, 850),
        ({"entitlements": [entitlement("-3"), entitlement("junk"), "junk"]}, None),
        ({"entitlements": "75.00"}, None),
    ],
)
def test_a_course_costs_its_advertised_run_else_the_cheapest_entitlement(
    fields: dict[str, Any], expected: int | None
) -> None:
    cheap = run("A", first_enrollable_paid_seat_price=1)
    dear = run("B", first_enrollable_paid_seat_price=200)
    assert course_price_cents(course(cheap, dear, run("C"), **fields), NOW) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, True),
        ({"status": "Published"}, True),
        ({"status": "unpublished"}, False),
        ({"status": None}, False),
        ({"is_enrollable": True}, True),
        ({"is_enrollable": None}, True),
        ({"is_enrollable": False}, False),
        ({"is_enrollable": False, "enrollment_start": SOON}, False),
        ({"enrollment_end": SOON}, True),
        ({"enrollment_end": NOW}, False),
        ({"end": SOON, "enrollment_end": None}, True),
        ({"end": PAST, "enrollment_end": SOON}, False),
        ({"end": "some day", "enrollment_end": 7}, True),
    ],
)
def test_a_run_is_enrollable(fields: dict[str, Any], expected: bool) -> None:
    assert is_enrollable(run(**fields), NOW) is expected


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], None),
        ([run(enrollment_end=SOON)], SOON),
        ([run(enrollment_end=LATE), run(enrollment_end=SOON)], LATE),
        ([run(enrollment_end=SOON), run(enrollment_end=None)], None),
        ([run(enrollment_end=SOON), run(enrollment_end=None, status="archived")], SOON),
        ([run(enrollment_end=SOON), run(enrollment_end=LATE, end=PAST)], SOON),
        ([run(enrollment_end=PAST)], None),
    ],
)
def test_the_latest_enrollment_deadline_of_a_course(
    runs: list[dict[str, Any]], expected: datetime | None
) -> None:
    assert latest_enrollment_end(course(*runs), NOW) == expected


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([run("A", start=LATE), run("B", start=SOON)], "B"),
        ([run("B", start=SOON), run("A", start=SOON)], "A"),
        ([run("A", start=None), run("B", start=LATE)], "B"),
        ([run("A", start=SOON), run("ADVERTISED", start=LATE)], "ADVERTISED"),
        ([run("A", start=SOON), run("ADVERTISED", enrollment_end=PAST)], "A"),
        ([run("A", status="archived")], None),
        ([run("", start=PAST), run("A", start=SOON)], "A"),
        ([], None),
    ],
)
def test_the_run_of_a_course_to_enroll_in(runs: list[dict[str, Any]], expected: str | None) -> None:
    held = course(*runs, advertised_course_run_uuid="uuid of ADVERTISED")
    assert run_to_enroll_in(held, NOW) == expected


def test_a_nested_run_is_found_by_its_key() -> None:
    held = course(run("A"), run("B", title="second"))
    assert nested_run(held, "B") == held["course_runs"][1]
    assert nested_run(held, "Z") is None


def test_only_objects_are_parts() -> None:
    assert parts_of({"entitlements": [1, {"price": "2"}, None]}, "entitlements") == [{"price": "2"}]


def test_an_instant_without_an_offset_is_utc() -> None:
    assert instant({"end": "2026-11-24T00:00:00"}, "end") == NOW
    assert instant({"end": "0001-01-01T00:00:00+23:00"}, "end") is None
