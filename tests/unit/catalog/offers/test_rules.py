from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.catalog.content.parts import LARGEST_CENTS, cents, instant, parts_of
from bursar.catalog.content.prices import enrollment_deadline, run_price_cents
from bursar.catalog.offers.rules import (
    closed_since,
    course_closed_since,
    course_price_cents,
    is_enrollable,
    is_open_late,
    latest_enrollment_end,
    nested_run,
    run_to_enroll_in,
    run_to_enroll_in_late,
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


def entitlement(
    price: Any, expires: datetime | None = None, mode: str = "verified"
) -> dict[str, Any]:
    return {"mode": mode, "price": price, "expires": expires and expires.isoformat()}


def seat(price: Any, kind: str = "verified", **fields: Any) -> dict[str, Any]:
    return {"type": kind, "price": price, **fields}


UNPRICED = {"advertised_course_run_uuid": "uuid of C"}
EXECUTIVE = {"entitlements": [entitlement("2843.00", mode="paid-executive-education")]}
PER_SEAT = {"entitlements": [entitlement("75"), entitlement("70")]}


@pytest.mark.parametrize(
    ("fields", "course_fields", "expected"),
    [
        ({}, {}, None),
        ({"first_enrollable_paid_seat_price": 49}, {}, 4900),
        ({"fixed_price_usd": "50.00", "first_enrollable_paid_seat_price": 150}, EXECUTIVE, 5000),
        ({"fixed_price_usd": "0.00", "first_enrollable_paid_seat_price": 150}, {}, 15000),
        ({"fixed_price_usd": None, "first_enrollable_paid_seat_price": 0.0}, EXECUTIVE, 284300),
        ({"first_enrollable_paid_seat_price": 2000}, EXECUTIVE, 284300),
        (
            {"first_enrollable_paid_seat_price": 2000},
            {"course_type": "executive-education-2u", "entitlements": [entitlement("90")]},
            9000,
        ),
        ({"first_enrollable_paid_seat_price": None}, PER_SEAT, 7000),
        ({"first_enrollable_paid_seat_price": 0, "seats": [seat(60), seat(55)]}, PER_SEAT, 5500),
        ({"seats": [seat(60, "professional"), seat(5, "audit")]}, {}, 6000),
        ({"seats": [seat(60, "no-id-professional"), seat("61", "paid-bootcamp")]}, {}, 6000),
        ({"seats": [seat(61, "paid-bootcamp")]}, {}, 6100),
        ({"seats": [seat(0, "audit")]}, {}, 0),
        ({"seats": [seat(0, "audit"), seat(0)]}, {}, None),
        ({"seats": [seat(0, "audit")]}, PER_SEAT, 7000),
        ({"seats": []}, {}, None),
        ({"seats": [7, None]}, {}, None),
        ({}, {"entitlements": [entitlement("75", PAST)]}, None),
        ({"restriction_type": "custom-b2b-enterprise"}, EXECUTIVE, None),
        ({"restriction_type": "custom-b2b-enterprise", "seats": [seat(60)]}, EXECUTIVE, 6000),
    ],
)
def test_a_run_costs_the_first_price_that_is_known(
    fields: dict[str, Any], course_fields: dict[str, Any], expected: int | None
) -> None:
    assert run_price_cents(run(**fields), course_fields, NOW) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"enrollment_end": SOON}, SOON),
        ({"enrollment_end": LATE, "seats": [seat(1, upgrade_deadline=SOON.isoformat())]}, SOON),
        ({"enrollment_end": SOON, "seats": [seat(1, upgrade_deadline=LATE.isoformat())]}, SOON),
        (
            {
                "seats": [
                    seat(
                        1,
                        upgrade_deadline=SOON.isoformat(),
                        upgrade_deadline_override=LATE.isoformat(),
                    )
                ]
            },
            LATE,
        ),
        ({"seats": [seat(0, "audit", upgrade_deadline=SOON.isoformat())]}, None),
        ({"seats": [seat(1, upgrade_deadline=SOON.isoformat()), seat(2)]}, None),
    ],
)
def test_a_paid_seat_is_sold_until_enrollment_or_upgrades_end(
    fields: dict[str, Any], expected: datetime | None
) -> None:
    assert enrollment_deadline(run(**fields)) == expected


@pytest.mark.parametrize(
    ("fields", "closed", "late"),
    [
        ({}, None, True),
        ({"enrollment_end": PAST}, PAST, True),
        ({"enrollment_end": PAST, "is_enrollable": False}, PAST, True),
        ({"enrollment_end": SOON, "is_enrollable": False}, None, False),
        ({"enrollment_end": PAST, "end": SOON}, PAST, True),
        ({"enrollment_end": None, "end": PAST}, PAST, False),
        ({"enrollment_end": PAST, "status": "archived"}, None, False),
    ],
)
def test_a_run_is_closed_by_its_dates_and_open_late_until_it_ends(
    fields: dict[str, Any], closed: datetime | None, *, late: bool
) -> None:
    assert closed_since(run(**fields), NOW) == closed
    assert course_closed_since(course(run(**fields)), NOW) == closed
    assert is_open_late(run(**fields), NOW) is late
    assert run_to_enroll_in_late(course(run(**fields)), NOW) == ("R" if late else None)


def test_a_course_is_open_as_long_as_one_run_can_be_paid_for() -> None:
    over = run("A", seats=[seat(5, upgrade_deadline=PAST.isoformat())])
    held = course(over, run("B"), advertised_course_run_uuid="uuid of A")
    assert course_closed_since(held, NOW) is None
    assert run_to_enroll_in(held, NOW) == "B"
    assert run_to_enroll_in(course(over), NOW) is None
    assert course_closed_since(course(over), NOW) == PAST


def test_without_an_open_run_the_advertised_or_the_latest_one_says_the_price() -> None:
    old = run("A", start=PAST, status="archived", first_enrollable_paid_seat_price=1)
    new = run("B", start=SOON, status="archived", first_enrollable_paid_seat_price=2)
    assert course_price_cents(course(new, old), NOW) == 200
    assert course_price_cents(course(new, old, advertised_course_run_uuid="uuid of A"), NOW) == 100


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"advertised_course_run_uuid": "uuid of B"}, 20000),
        ({"advertised_course_run_uuid": "uuid of another course's"}, 100),
        ({}, 100),
        ({"advertised_course_run_uuid": None, "entitlements": [entitlement("75.00")]}, 100),
        ({"advertised_course_run_uuid": "uuid of B", "entitlements": [entitlement("1")]}, 20000),
        (UNPRICED | {"entitlements": [entitlement("75")]}, 7500),
        (
            {
                "advertised_course_run_uuid": "uuid of C",
                "entitlements": [entitlement("9"), entitlement("8.50"), entitlement("10")],
            },
            850,
        ),
        (
            {
                "advertised_course_run_uuid": "uuid of C",
                "entitlements": [entitlement("9"), entitlement("8.50", PAST)],
            },
            900,
        ),
        (
            {
                "advertised_course_run_uuid": "uuid of C",
                "entitlements": [entitlement("9"), entitlement("8.50", NOW)],
            },
            900,
        ),
        (
            {
                "advertised_course_run_uuid": "uuid of C",
                "entitlements": [entitlement("9"), entitlement("8.50", SOON)],
            },
            850,
        ),
        (
            {
                "advertised_course_run_uuid": "uuid of C",
                "entitlements": [entitlement("-3"), entitlement("junk"), "junk"],
            },
            None,
        ),
        (UNPRICED | {"entitlements": "75.00"}, None),
    ],
)
def test_a_course_costs_the_run_to_enroll_in_and_that_its_price_or_the_cheapest_entitlement(
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
