from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.web.conditional import etag_of, http_date, is_unchanged, known_tag

ETAG = etag_of("catalog", 1)
OTHER = etag_of("catalog", 2)
CHANGED = datetime(2026, 3, 1, 12, 0, 0, 999_999, tzinfo=UTC)

instants = st.datetimes(
    datetime(1970, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def unchanged_since(date: str, last_modified: datetime | None = CHANGED) -> bool:
    return is_unchanged(None, date, ETAG, last_modified)


class TestTag:
    def test_it_follows_from_everything_that_goes_in(self) -> None:
        assert etag_of("a", 1) == etag_of("a", 1)
        assert len({etag_of("a", 1), etag_of("a", 2), etag_of("b", 1), etag_of("a1")}) == 4

    def test_the_borders_between_parts_count(self) -> None:
        assert etag_of("ab", "c") != etag_of("a", "bc")

    @given(st.text())
    def test_it_is_safe_in_a_header_whatever_goes_in(self, text: str) -> None:
        assert etag_of(text, "\ud800").isalnum()


class TestIfNoneMatch:
    @pytest.mark.parametrize(
        "header",
        [
            f'"{ETAG}"',
            f'W/"{ETAG}"',
            f'"{ETAG}-gzip"',
            f'W/"{ETAG}-zstd"',
            f'"{OTHER}", "{ETAG}"',
            f'"{OTHER}","{ETAG}-gzip" , "x"',
            f"  {ETAG}  ",
            "*",
            f'"{OTHER}", *',
        ],
    )
    def test_the_tag_in_any_coding_is_unchanged(self, header: str) -> None:
        assert is_unchanged(header, None, ETAG, None)

    @pytest.mark.parametrize(
        "header",
        ["", '""', f'"{OTHER}"', f'"{ETAG}x"', f'"x-{ETAG}"', f'"{ETAG[:-1]}"', '"*"', ",,,"],
    )
    def test_another_tag_is_a_change(self, header: str) -> None:
        assert not is_unchanged(header, None, ETAG, None)

    def test_it_decides_alone_when_it_is_there(self) -> None:
        later = http_date(CHANGED + timedelta(days=1))
        earlier = http_date(CHANGED - timedelta(days=1))
        assert not is_unchanged(f'"{OTHER}"', later, ETAG, CHANGED)
        assert is_unchanged(f'"{ETAG}"', earlier, ETAG, CHANGED)

    @pytest.mark.parametrize("coding", ["", "-gzip", "-zstd"])
    def test_a_tag_of_ours_comes_back_as_the_caller_has_it(self, coding: str) -> None:
        assert known_tag(f'"{OTHER}", W/"{ETAG}{coding}"', ETAG) == ETAG + coding

    @pytest.mark.parametrize("behind", ["-", "-br", '-gzip" x', "-\xff", "-" + "a" * 9000])
    def test_nothing_else_of_the_callers_comes_back(self, behind: str) -> None:
        assert known_tag(f'"{ETAG}{behind}"', ETAG) == ETAG

    @given(st.text())
    def test_any_text_is_read_without_an_error(self, header: str) -> None:
        assert not is_unchanged(header.replace("*", ""), None, ETAG, None)


class TestIfModifiedSince:
    @pytest.mark.parametrize(
        ("date", "expected"),
        [
            ("Sun, 01 Mar 2026 12:00:00 GMT", True),
            ("Sun, 01 Mar 2026 11:59:59 GMT", False),
            ("Sun, 01 Mar 2026 12:00:01 GMT", True),
            ("Sun, 01 Mar 2026 13:00:00 +0100", True),
            ("Sun, 01 Mar 2026 13:00:00 +0101", False),
            ("Sun, 01 Mar 2026 12:00:00 -0000", True),
            ("Sunday, 01-Mar-26 12:00:00 GMT", True),
            ("Sun Mar  1 12:00:00 2026", True),
        ],
    )
    def test_seconds_decide(self, date: str, expected: bool) -> None:
        assert unchanged_since(date) is expected

    @pytest.mark.parametrize(
        "date",
        [
            "",
            "yesterday",
            "0",
            "Sun, 01 Mar 2026 25:00:00 GMT",
            "Sun, 01 Mar 99999 00:00:00 GMT",
            "Sun, 01 Mar 2026 00:00:00 +99999999",
            "2026-03-02T00:00:00Z",
        ],
    )
    def test_what_is_no_date_is_passed_over(self, date: str) -> None:
        assert not unchanged_since(date)

    def test_an_answer_without_a_date_counts_as_changed(self) -> None:
        assert not unchanged_since(http_date(CHANGED), None)

    def test_without_conditions_there_is_an_answer(self) -> None:
        assert not is_unchanged(None, None, ETAG, CHANGED)

    @given(st.text())
    def test_any_text_is_read_without_an_error(self, date: str) -> None:
        unchanged_since(date)

    @given(instants)
    def test_the_date_that_was_sent_comes_back_as_unchanged(self, instant: datetime) -> None:
        assert unchanged_since(http_date(instant), instant)
        assert not unchanged_since(http_date(instant - timedelta(seconds=1)), instant)


def test_a_date_in_a_header_is_in_gmt_whatever_the_zone() -> None:
    there = CHANGED.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert http_date(there) == "Sun, 01 Mar 2026 12:00:00 GMT"
