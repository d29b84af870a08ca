"""Query models: one definition reads a parameter, refuses it and documents it."""

from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.pages import LAST
from bursar.web.parameters import QueryParameters
from bursar.web.query import (
    DAY,
    FLAG,
    IDENTIFIER,
    INSTANT,
    TEXT,
    Errors,
    PageNumber,
    Query,
    Repeatable,
    WrongValue,
    fields_of,
    one_of,
    read_query,
    size_of_page,
)

ACME = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd6f")
NOT_POSITIVE = [
    "0", "-1", "+1", "1.0", "1e2", "x", "\u0662", "\u00b2", "0x1", "1_0", "00", "9" * 13,
]  # fmt: skip


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


class Given(Query, frozen=True, kw_only=True):
    u: Annotated[UUID | None, IDENTIFIER, "An object."] = None
    i: Annotated[datetime | None, INSTANT, "An instant."] = None
    b: Annotated[bool | None, FLAG, "Whether."] = None
    d: Annotated[date | None, DAY, "A day."] = None
    t: Annotated[str | None, TEXT, "Words."] = None
    c: Annotated[Color | None, one_of(Color), "A color."] = None
    page: PageNumber = 1
    page_size: Annotated[int, size_of_page(default=20, maximum=1000), "Rows on a page."] = 20

    def problems(self) -> Errors:
        return {"t": ["Not with a flag."]} if self.b and self.t == "x" else {}


class Needed(Query, frozen=True, kw_only=True):
    u: Annotated[UUID, IDENTIFIER, "An object."]


def read(text: str) -> tuple[Given | None, Errors]:
    return read_query(Given, QueryParameters(text.encode()))


def good(text: str) -> Given:
    given_, errors = read(text)
    assert errors == {}
    assert given_ is not None
    return given_


class TestReading:
    def test_good_values_are_typed(self) -> None:
        found = good(f"u={ACME}&i=2026-03-01T01:00:00%2B01:00&b=true&d=2026-03-01&t=%20y%20&c=blue")
        assert (found.u, found.b, found.t, found.c) == (ACME, True, "y", Color.BLUE)
        assert (found.i, found.d) == (datetime(2026, 3, 1, tzinfo=UTC), date(2026, 3, 1))

    def test_absent_and_empty_values_are_the_defaults(self) -> None:
        assert good("u=&i=&page=&page_size=") == good("") == Given()

    def test_of_several_the_last_counts(self) -> None:
        assert good("c=red&c=blue&c=").c is Color.BLUE

    def test_everything_that_is_wrong_is_told_at_once(self) -> None:
        found, errors = read("b=x&i=x&u=x&d=2026-W10-1&c=green&t=" + "x" * 1001)
        assert found is None
        assert list(errors.items()) == [
            ("u", ["Enter a valid UUID."]),
            ("i", ["Enter a valid date/time."]),
            ("b", ["Must be true or false."]),
            ("d", ["Enter a valid date, as YYYY-MM-DD."]),
            ("t", ["Ensure this field has no more than 1000 characters."]),
            ("c", ["Must be one of: red, blue."]),
        ]

    def test_what_is_wrong_with_several_is_told_when_each_is_good(self) -> None:
        assert read("b=true&t=x") == (None, {"t": ["Not with a flag."]})
        assert read("b=true&t=x&u=1")[1] == {"u": ["Enter a valid UUID."]}

    @pytest.mark.parametrize(
        ("query", "errors"),
        [
            ("", {"u": ["This field is required."]}),
            ("u=", {"u": ["This field is required."]}),
            ("u=x", {"u": ["Enter a valid UUID."]}),
        ],
    )
    def test_a_required_one_is_missed(self, query: str, errors: Errors) -> None:
        assert read_query(Needed, QueryParameters(query.encode())) == (None, errors)

    def test_one_that_may_come_several_times_gets_all(self) -> None:
        def several(texts: object) -> object:
            raise WrongValue(*map(str, texts))  # type: ignore[call-overload]

        class Several(Query, frozen=True, kw_only=True):
            x: Annotated[tuple[str, ...], Repeatable(several), "Things."] = ()

        assert read_query(Several, QueryParameters(b"x=1&x=&x=2"))[1] == {"x": ["1", "2"]}

    def test_a_field_that_does_not_say_how_it_is_read_is_a_defect(self) -> None:
        class Silent(Query, frozen=True, kw_only=True):
            x: Annotated[str | None, "Words."] = None

        with pytest.raises(TypeError, match="x needs"):
            fields_of(Silent)


class TestInstants:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
            ("2026-03-01T00:00:00", datetime(2026, 3, 1, tzinfo=UTC)),
            ("2026-03-01T00:00:00.5Z", datetime(2026, 3, 1, microsecond=500_000, tzinfo=UTC)),
            ("2026-03-01T00:00:00+05:45", datetime(2026, 2, 28, 18, 15, tzinfo=UTC)),
        ],
    )
    def test_they_are_utc_unless_they_say_otherwise(self, text: str, expected: datetime) -> None:
        instant = good(f"i={quote(text)}").i
        assert instant == expected
        assert instant is not None
        assert instant.tzinfo is UTC

    @pytest.mark.parametrize(
        "text", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2026-13-01", "now"]
    )
    def test_beyond_the_calendar_they_are_errors(self, text: str) -> None:
        assert read(f"i={quote(text)}") == (None, {"i": ["Enter a valid date/time."]})

    @given(st.datetimes(timezones=st.just(timezone(timedelta(hours=-3)))))
    def test_what_was_written_is_read_back(self, instant: datetime) -> None:
        if 1 < instant.year < 9999:
            assert good(f"i={quote(instant.isoformat())}").i == instant


@given(st.text(), st.sampled_from("uibdtc"))
def test_any_text_is_a_value_or_an_error(text: str, name: str) -> None:
    found, errors = read(f"{name}={quote(text, errors='replace')}")
    assert (found is None) == bool(errors)
    assert set(errors) <= {name}


class TestPages:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("page_size=1", 1),
            ("page_size=1000", 1000),
            ("page_size=1001", 1000),
            ("page_size=999999999999", 1000),
            ("page_size=%20007", 7),
            ("page_size=5&page_size=6", 6),
            ("PAGE_SIZE=5", 20),
        ],
    )
    def test_a_size_is_within_bounds(self, text: str, expected: int) -> None:
        assert good(text).page_size == expected

    @pytest.mark.parametrize("value", NOT_POSITIVE)
    def test_a_size_of_nonsense_is_the_default(self, value: str) -> None:
        assert good(f"page_size={value.replace('+', '%2B')}").page_size == 20

    @given(st.text())
    def test_a_size_is_always_within_bounds(self, text: str) -> None:
        assert 1 <= good(f"page_size={quote(text, errors='replace')}").page_size <= 1000

    @pytest.mark.parametrize("value", [*NOT_POSITIVE, "LAST", "\x00"])
    def test_a_number_of_nonsense_is_that_of_no_page(self, value: str) -> None:
        assert good(f"page={quote(value)}").page == 0

    def test_the_last_page_has_a_name(self) -> None:
        assert (good("page=last").page, good("page=%207").page) == (LAST, 7)
