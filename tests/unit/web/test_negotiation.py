import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.remembering import LONGEST_REMEMBERED
from bursar.web.negotiation import (
    LONGEST_ACCEPT,
    MOST_RANGES,
    Format,
    Negotiated,
    NotAcceptable,
    UnknownFormat,
    _choose_cached,
    negotiate,
    negotiate_leniently,
    only,
)

JSON = Negotiated(Format.JSON, "application/json")
XML = Negotiated(Format.XML, "application/xml; charset=utf-8")
TEXT_XML = Negotiated(Format.XML, "text/xml; charset=utf-8")
CSV = Negotiated(Format.CSV, "text/csv; charset=utf-8")
NDJSON = Negotiated(Format.NDJSON, "application/x-ndjson")

EVERYTHING = (Format.JSON, Format.XML, Format.CSV, Format.NDJSON)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/json", JSON),
        ("Application/JSON; charset=utf-8", JSON),
        ("application/vnd.bursar+json", JSON),
        ("application/*+json", JSON),
        ("application/xml", XML),
        ("text/xml", TEXT_XML),
        ("text/*", TEXT_XML),
        ("text/xml, application/xml", XML),
        ("text/xml, application/xml;q=0.5", TEXT_XML),
        ("text/xml, */*;q=0.1", TEXT_XML),
        (BROWSER, XML),
        ("application/json, text/plain, */*", JSON),
    ],
)
def test_a_named_format_is_answered(accept: str, expected: Negotiated) -> None:
    assert negotiate(accept, None, None) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/json;q=0.5, application/xml", XML),
        ("application/xml;q=0.5, application/json;q=0.6", JSON),
        ("application/xml;q=0.5, */*", JSON),
        ("application/json;q=0, */*", XML),
        ("application/xml;q=0, */*", JSON),
        ("text/xml;q=0, application/*", XML),
        ("application/xml;q=0, text/*", TEXT_XML),
        ("application/json;q=0.1, application/*+json, application/xml;q=0.5", XML),
        ("application/*+json;q=0.1, application/vnd.x+json, application/xml;q=0.5", JSON),
        ("application/*;q=0.1, application/*+json, application/xml;q=0.5", JSON),
        ("*/*;q=0.9, application/*;q=0.1, text/xml;q=0.5", TEXT_XML),
        ('application/json;profile="a,b;q=0", application/xml;q=0.9', JSON),
        ("application/json ; Q=0.2 , application/xml ; q=0.3", XML),
    ],
)
def test_the_most_specific_range_weighs_a_format(accept: str, expected: Negotiated) -> None:
    assert negotiate(accept, None, None) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/json, application/xml", JSON),
        ("application/xml, application/json", XML),
        ("text/xml, application/json", TEXT_XML),
        ("application/json, */*", JSON),
        ("*/*, application/json", JSON),
        ("application/*, application/vnd.x+json", JSON),
        ("*/*, text/xml", TEXT_XML),
    ],
)
def test_a_tie_goes_to_the_named_format_and_then_to_the_first(
    accept: str, expected: Negotiated
) -> None:
    assert negotiate(accept, None, None) == expected
    assert negotiate(accept, "application/json", None) == expected


@pytest.mark.parametrize(
    "accept", [None, "", "*/*", "application/*", "*/*;q=0.1", " , ", "text/*, */*"]
)
@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (None, XML),
        ("", XML),
        ("text/plain", XML),
        ("application/x-www-form-urlencoded", XML),
        ("application/json-patch", XML),
        ("application/json", JSON),
        ("Application/JSON ; charset=utf-8", JSON),
    ],
)
def test_wildcards_leave_the_choice_to_the_content_type(
    accept: str | None, content_type: str | None, expected: Negotiated
) -> None:
    assert negotiate(accept, content_type, None).format == expected.format


def test_a_content_type_does_not_outweigh_accept() -> None:
    assert negotiate("application/xml", "application/json", None) == XML


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "image/*",
        "application/json;q=0",
        "*/*;q=0",
        "application/json;q=0, application/xml;q=0.000, */*",
        "application/vnd.x+xml",
        "text/json",
        "text/csv",
        "application/x-ndjson",
    ],
)
def test_an_accept_that_excludes_every_format_is_not_acceptable(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        negotiate(accept, "application/json", None)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("nonsense", XML),
        ("*, application/json;q=0.1", JSON),
        ("*/json", XML),
        ("/, json/, /json, a/b/c", XML),
        ("appl ication/json, text/xml", TEXT_XML),
        ("application/json;q=high, application/xml;q=0.9", JSON),
        ("application/json;q=, application/xml;q=0.9", JSON),
        ("application/json;q=7, application/xml", JSON),
        ("application/json;q=nan, application/xml", JSON),
        ("application/json;q=-1, application/xml;q=0.9", JSON),
        ("application/json;q=.2, application/xml;q=0.3", XML),
        ('text/xml, application/json;profile="open, application/xml', TEXT_XML),
        ('text/xml;profile="', TEXT_XML),
    ],
)
def test_malformed_parts_of_accept_are_ignored(accept: str, expected: Negotiated) -> None:
    assert negotiate(accept, None, None) == expected


@pytest.mark.parametrize("accept", [None, "application/xml", "application/json;q=0", "text/html"])
@pytest.mark.parametrize("value", ["json", "JSON", "Json"])
def test_the_format_parameter_wins_over_accept(accept: str | None, value: str) -> None:
    assert negotiate(accept, None, value) == JSON


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, XML),
        ("application/json", XML),
        ("text/html", XML),
        ("application/json, text/xml;q=0.1", TEXT_XML),
    ],
)
def test_the_format_parameter_keeps_the_kind_of_xml_asked_for(
    accept: str | None, expected: Negotiated
) -> None:
    assert negotiate(accept, "application/json", "xml") == expected


def test_an_empty_format_parameter_counts_as_absent() -> None:
    assert negotiate("application/json", None, "") == JSON


@pytest.mark.parametrize("value", ["yaml", "csv", " json", "application/json"])
def test_a_format_that_is_not_offered_is_unknown(value: str) -> None:
    with pytest.raises(UnknownFormat) as refusal:
        negotiate("application/json", None, value)
    assert refusal.value.value == value


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/csv", CSV),
        ("application/x-ndjson", NDJSON),
        ("text/csv, */*", CSV),
        ("application/json, text/csv", JSON),
        ("text/csv;q=0.5, */*", XML),
        ("text/*", TEXT_XML),
        ("*/*", XML),
        (None, XML),
    ],
)
def test_csv_and_ndjson_are_answered_only_when_named(
    accept: str | None, expected: Negotiated
) -> None:
    assert negotiate(accept, None, None, EVERYTHING) == expected


@pytest.mark.parametrize(("value", "expected"), [("csv", CSV), ("NDJSON", NDJSON)])
def test_csv_and_ndjson_are_answered_by_parameter(value: str, expected: Negotiated) -> None:
    assert negotiate("application/json", None, value, EVERYTHING) == expected


def test_an_offer_without_xml_defaults_to_json() -> None:
    assert negotiate("*/*", None, None, (Format.JSON, Format.CSV)) == JSON


def test_an_offer_without_json_defaults_to_xml() -> None:
    assert negotiate(None, "application/json", None, (Format.XML,)) == XML


@pytest.mark.parametrize(
    ("accept", "format_parameter", "expected"),
    [
        ("text/html", None, JSON),
        ("application/xml", "yaml", XML),
        ("text/csv", "csv", JSON),
        (None, "xml", XML),
        (None, "yaml", XML),
        ("text/xml", "json", JSON),
    ],
)
def test_an_error_body_always_finds_a_format(
    accept: str | None, format_parameter: str | None, expected: Negotiated
) -> None:
    assert negotiate_leniently(accept, None, format_parameter) == expected


def test_an_accept_too_long_for_the_cache_is_still_understood() -> None:
    padding = ", ".join(f"text/x-{number}" for number in range(200))
    assert negotiate(f"{padding}, application/json", None, None) == JSON


@pytest.mark.timeout(10)
@pytest.mark.parametrize("member", ['\\"', '"', '"\\', ";", ",", '"a,'])
def test_a_hostile_accept_takes_linear_time(member: str) -> None:
    assert negotiate(f'text/xml;a="{member * 50_000}', None, None).format == Format.XML


@given(
    accept=st.text(st.sampled_from('*/;,="\\ q.01+' + string.ascii_lowercase), max_size=40)
    | st.text(),
    content_type=st.none() | st.text(),
    format_parameter=st.none() | st.text(),
)
def test_no_header_makes_the_lenient_choice_fail(
    accept: str, content_type: str | None, format_parameter: str | None
) -> None:
    assert negotiate_leniently(accept, content_type, format_parameter) in (JSON, XML, TEXT_XML)


class TestOnly:
    @pytest.mark.parametrize("wanted", [None, "", "csv", "CSV"])
    def test_it_is_what_is_offered_whatever_is_accepted(self, wanted: str | None) -> None:
        assert only(wanted, (Format.CSV,)) == Negotiated(Format.CSV, "text/csv; charset=utf-8")

    @pytest.mark.parametrize("wanted", ["json", "pdf"])
    def test_another_format_is_refused(self, wanted: str) -> None:
        with pytest.raises(UnknownFormat):
            only(wanted, (Format.CSV,))


def test_what_stands_behind_more_ranges_than_anybody_needs_is_not_read() -> None:
    filling = "a/b," * (MOST_RANGES - 2) + "application/json;q=0.1"
    assert negotiate(f"{filling},application/xml", None, None).format == Format.XML
    assert negotiate(f"{filling},a/b,application/xml", None, None).format == Format.JSON


@pytest.mark.parametrize("filling", ["x", '"', ";a=b", ";q", '\\"'])
def test_what_stands_behind_more_characters_than_anybody_needs_is_not_read(filling: str) -> None:
    first, last = "application/json;q=0.1,a/b;c=", ",application/xml"
    room = LONGEST_ACCEPT - len(first) - len(last)
    fits = f"{first}{'x' * room}{last}"
    assert len(fits) == LONGEST_ACCEPT
    assert negotiate(fits, None, None).format == Format.XML
    too_long = f"{first}{(filling * LONGEST_ACCEPT)[: room + 1]}{last}"
    assert negotiate(too_long, None, None).format == Format.JSON


def test_a_range_that_ends_behind_the_limit_is_not_read_in_part() -> None:
    """What is left of it would mean something else."""
    first = "application/json;q=0.1,"
    room = LONGEST_ACCEPT - len(first) - len("application/xml;q=0.")
    header = f"{first}{'a' * (room - 1)},application/xml;q=0.9"
    assert header[:LONGEST_ACCEPT].endswith("application/xml;q=0.")
    assert negotiate(header, None, None).format == Format.JSON


def test_longer_headers_than_clients_send_are_not_remembered() -> None:
    before = _choose_cached.cache_info().currsize
    for number in range(20):
        negotiate(f"application/json;v={number};x={'a' * LONGEST_REMEMBERED}", None, None)
    assert _choose_cached.cache_info().currsize == before
    assert _choose_cached.cache_info().maxsize is not None
