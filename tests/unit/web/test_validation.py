from contextlib import suppress
from typing import Annotated, Any, Self
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, StringConstraints, field_validator, model_validator

from bursar.web.errors import Refusal
from bursar.web.validation import Body, decode_json, validate

Email = Annotated[str, StringConstraints(min_length=1, max_length=10)]
REQUIRED = ["This field is required."]
NULL = ["This field may not be null."]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)


class Item(Body):
    name: Email
    cents: int = Field(default=1, ge=1, le=100)


class Order(Body):
    emails: list[Email] = Field(min_length=1, max_length=3)
    cents: int = Field(ge=0, le=10)
    notify: bool = False
    note: str | None = None
    details: dict[str, int] = Field(default_factory=dict)
    items: list[Item] = Field(default_factory=list)

    @field_validator("note")
    @classmethod
    def _is_kind(cls, note: str | None) -> str | None:
        if note == "{unkind}":
            raise ValueError("Be kind, {please}.")
        return note

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.cents == 7 and self.notify:
            raise ValueError("Seven is secret.")
        return self


GOOD: dict[str, Any] = {"emails": ["a@b.c"], "cents": 5}


def errors_of(value: Any) -> dict[str, Any]:
    body, errors = validate(Order, value)
    assert (body is None) == bool(errors)
    return errors


def order(**fields: Any) -> dict[str, Any]:
    return GOOD | fields


class TestDecoding:
    def test_json_is_read(self) -> None:
        assert decode_json(b' {"a": [1, 2.5, null, true, "\\u00e9"]} ') == {
            "a": [1, 2.5, None, True, "é"]
        }

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b" ",
            b"{",
            b"[1,]",
            b"{'a': 1}",
            b'{"a": 1} x',
            b'{"a": NaN}',
            b'{"a": 1e999}',
            b"nul",
            b"\xff",
            b'"\xff"',
            b'"\xc3"',
            b'"\\ud800"',
            b"1" * 5000,
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b"[" * 50_000 + b"]" * 50_000,
        ],
        ids=lambda raw: repr(raw[:8]),
    )
    def test_what_is_broken_is_refused_as_a_parse_error(self, raw: bytes) -> None:
        with pytest.raises(Refusal) as caught:
            decode_json(raw)
        assert caught.value.status == 400
        assert caught.value.body["detail"].startswith("JSON parse error - ")

    @given(st.binary())
    def test_any_bytes_are_json_or_refused(self, raw: bytes) -> None:
        with suppress(Refusal):
            decode_json(raw)


class TestFields:
    def test_a_good_body_is_typed(self) -> None:
        body, errors = validate(Order, order(notify=True, note=None, unknown={"ignored": 1}))
        assert errors == {}
        assert isinstance(body, Order)
        assert (body.emails, body.cents, body.notify, body.note) == (["a@b.c"], 5, True, None)
        assert not hasattr(body, "unknown")

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"cents": None}, {"cents": NULL}),
            ({"cents": "5"}, {"cents": ["A valid integer is required."]}),
            ({"cents": 5.5}, {"cents": ["A valid integer is required."]}),
            ({"cents": True}, {"cents": ["A valid integer is required."]}),
            ({"cents": -1}, {"cents": ["Ensure this value is greater than or equal to 0."]}),
            ({"cents": 11}, {"cents": ["Ensure this value is less than or equal to 10."]}),
            ({"notify": "true"}, {"notify": ["Must be a valid boolean."]}),
            ({"notify": 1}, {"notify": ["Must be a valid boolean."]}),
            ({"note": 3}, {"note": ["Not a valid string."]}),
            ({"note": "{unkind}"}, {"note": ["Be kind, {please}."]}),
            ({"emails": []}, {"emails": ["This list may not be empty."]}),
            ({"emails": None}, {"emails": NULL}),
            ({"emails": "a"}, {"emails": ['Expected a list of items but got type "str".']}),
            ({"emails": {}}, {"emails": ['Expected a list of items but got type "dict".']}),
            (
                {"emails": ["a"] * 4},
                {"emails": ["Ensure this field has no more than 3 elements."]},
            ),
            ({"details": []}, {"details": ["Expected an object."]}),
            ({"details": {"a": "b"}}, {"details": {"a": ["A valid integer is required."]}}),
            ({"items": [1]}, {"items": {"0": ["Expected an object."]}}),
        ],
    )
    def test_each_error_stands_under_its_field(
        self, fields: dict[str, Any], expected: dict[str, Any]
    ) -> None:
        assert errors_of(order(**fields)) == expected

    def test_missing_fields_are_all_told(self) -> None:
        assert errors_of({}) == {"emails": REQUIRED, "cents": REQUIRED}

    def test_of_a_list_only_the_bad_items_are_told(self) -> None:
        assert errors_of(order(emails=["ok", "", 3])) == {
            "emails": {"1": ["This field may not be blank."], "2": ["Not a valid string."]}
        }
        assert errors_of(order(emails=["ok", None, "x" * 11])) == {
            "emails": {
                "1": NULL,
                "2": ["Ensure this field has no more than 10 characters."],
            }
        }

    def test_items_with_fields_nest(self) -> None:
        assert errors_of(order(items=[{"name": "a"}, {"cents": 0}])) == {
            "items": {
                "1": {
                    "name": REQUIRED,
                    "cents": ["Ensure this value is greater than or equal to 1."],
                }
            }
        }

    def test_errors_of_several_fields_come_together(self) -> None:
        assert set(errors_of({"emails": [1], "cents": None, "notify": 3, "note": 1})) == {
            "emails", "cents", "notify", "note",
        }  # fmt: skip

    def test_fields_are_compared_only_when_each_is_good(self) -> None:
        assert errors_of(order(cents=7, notify=True)) == {"non_field_errors": ["Seven is secret."]}
        assert errors_of(order(cents=7, notify=True, note=1)) == {"note": ["Not a valid string."]}

    @pytest.mark.parametrize(
        ("value", "kind"), [([], "list"), ("x", "str"), (1, "int"), (None, "NoneType")]
    )
    def test_a_body_that_is_no_object_says_so(self, value: Any, kind: str) -> None:
        message = f"Invalid data. Expected a dictionary, but got {kind}."
        assert errors_of(value) == {"non_field_errors": [message]}

    @given(json_values)
    def test_any_value_is_good_or_told_in_the_shape_of_errors(self, value: Any) -> None:
        assert all(is_shape(part) for part in errors_of(value).values())

    @given(json_values)
    def test_any_value_of_a_field_is_good_or_told(self, value: Any) -> None:
        for name in Order.model_fields:
            errors = errors_of(order(**{name: value}))
            assert set(errors) <= {name, "non_field_errors"}
            assert all(is_shape(part) for part in errors.values())


def is_shape(part: Any) -> bool:
    """A list of sentences, or the same by index or key."""
    if isinstance(part, dict):
        return bool(part) and all(is_shape(inner) for inner in part.values())
    return bool(part) and all(isinstance(sentence, str) for sentence in part)


def test_a_uuid_in_a_strict_body_is_told_as_one() -> None:
    class Named(Body):
        uuid: Annotated[UUID, Field(strict=False)]

    wrong = {"uuid": ["Must be a valid UUID."]}
    assert validate(Named, {"uuid": "x"})[1] == wrong
    assert validate(Named, {"uuid": 5})[1] == wrong
    assert validate(Named, {"uuid": None})[1] == {"uuid": NULL}
