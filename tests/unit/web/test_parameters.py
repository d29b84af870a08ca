from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.web.errors import Refusal
from bursar.web.parameters import (
    MAX_PARAMETERS,
    QueryParameters,
    parse_boolean,
    parse_uuid,
)

ACME = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd6f")
WRONG_UUIDS = [
    "{66b5922b-a22b-4a7b-b587-d4af0378bd6f}",
    "urn:uuid:66b5922b-a22b-4a7b-b587-d4af0378bd6f",
    "66b5922b-a22b-4a7b-b587-d4af0378bd6",
    "g6b5922b-a22b-4a7b-b587-d4af0378bd6f",
    "66b5922ba22b4a7bb587d4af0378bd6f66b5",
    "66b5922b_a22b_4a7b_b587_d4af0378bd6f",
    "0x66b5922ba22b4a7bb587d4af0378bd",
    " 66b5922ba22b4a7bb587d4af0378bd6",
    "+66b5922ba22b4a7bb587d4af0378bd6",
    "----66b5922ba22b4a7bb587d4af0378bd6f",
    "6-6b5922ba-22b4-a7bb-587d4af0378bd6f",
    "\u0666" * 32,
    "x",
]


def query(text: str) -> QueryParameters:
    return QueryParameters(text.encode())


def is_uuid(text: str) -> bool:
    try:
        parse_uuid(text)
    except ValueError:
        return False
    return True


class TestQuery:
    def test_the_last_of_several_values_counts(self) -> None:
        assert query("a=1&a=2").get("a") == "2"
        assert query("a=1&a=2").get_all("a") == ["1", "2"]

    def test_an_empty_value_counts_as_absent(self) -> None:
        assert query("a=&b").get("a") is None
        assert query("a=&b").get("b") is None
        assert query("a=1&a=").get("a") == "1"
        assert query("").get_all("a") == []

    def test_names_are_exact(self) -> None:
        assert query("A=1&a%20=2").get("a") is None

    def test_escapes_and_plus_signs_are_read(self) -> None:
        assert query("a=x+y%2Bz%26&%C3%A9=%F0%9F%98%80").get("a") == "x y+z&"
        assert query("%C3%A9=%F0%9F%98%80").get("é") == "\U0001f600"

    def test_bytes_beyond_ascii_are_utf_8(self) -> None:
        assert query("a=é").get("a") == "é"

    def test_what_is_not_utf_8_is_replaced(self) -> None:
        assert QueryParameters(b"a=%ff&b=\xff").get("a") == "\ufffd"
        assert QueryParameters(b"a=%ff&b=\xff").get("b") == "\ufffd"

    def test_too_many_parameters_are_refused(self) -> None:
        assert query("&".join(["a=1"] * MAX_PARAMETERS)).get("a") == "1"
        with pytest.raises(Refusal) as caught:
            query("&".join(["a=1"] * (MAX_PARAMETERS + 1)))
        assert caught.value.status == 400

    @given(st.binary())
    def test_any_bytes_are_read_without_an_error(self, raw: bytes) -> None:
        assert all(value for values in QueryParameters(raw)._values.values() for value in values)

    @given(st.dictionaries(st.text(min_size=1), st.text(min_size=1)))
    def test_what_was_quoted_is_read_back(self, values: dict[str, str]) -> None:
        def quoted(text: str) -> str:
            return quote(text, safe="", errors="replace")

        read = query("&".join(f"{quoted(name)}={quoted(value)}" for name, value in values.items()))
        for name, value in values.items():
            if not any("\ud800" <= letter <= "\udfff" for letter in name + value):
                assert read.get(name) == value.replace("\x00", "\ufffd")


class TestUuid:
    @pytest.mark.parametrize("text", [str(ACME), str(ACME).upper(), ACME.hex])
    def test_both_usual_forms_are_read(self, text: str) -> None:
        assert parse_uuid(text) == ACME

    @pytest.mark.parametrize("text", WRONG_UUIDS)
    def test_other_forms_are_none(self, text: str) -> None:
        assert not is_uuid(text)

    @given(st.uuids())
    def test_each_is_read_as_itself(self, uuid: UUID) -> None:
        assert parse_uuid(str(uuid)) == parse_uuid(uuid.hex) == uuid

    @given(st.text(min_size=30, max_size=40))
    def test_only_its_own_forms_are_read(self, text: str) -> None:
        if is_uuid(text):
            assert text.lower() in {str(UUID(text)), UUID(text).hex}


class TestBoolean:
    @pytest.mark.parametrize(
        ("text", "expected"), [("true", True), ("True", True), ("FALSE", False), ("fAlse", False)]
    )
    def test_any_case_is_read(self, text: str, expected: bool) -> None:
        assert parse_boolean(text) is expected

    @pytest.mark.parametrize("text", ["1", "0", "yes", "no", "t", "on", " true", "truе"])
    def test_nothing_else_is(self, text: str) -> None:
        with pytest.raises(ValueError, match=text):
            parse_boolean(text)
