"""A filter as somebody types it."""

import json
from contextlib import suppress
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.catalog.filters.reading import MOST_FIELDS, read_filter
from bursar.catalog.filters.refusals import FilterError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(), part, max_size=4),
    max_leaves=12,
)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(FilterError):
        read_filter(text)


@given(st.dictionaries(st.sampled_from(["key", "org__in", "ordering", "end__exists"]), VALUES))
def test_what_is_accepted_can_be_stored(operands: dict[str, object]) -> None:
    with suppress(FilterError):
        found = read_filter(json.dumps(operands))
        assert found == operands
        assert "\\u0000" not in json.dumps(found)
        json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ('{"a": 1, "b": 2, "a": 3, "b": 4}', [("a", "is given twice"), ("b", "is given twice")]),
        ('{"a": ["x", "\\u0000"]}', [("a[1]", "must be valid Unicode text without NUL")]),
        ('{"a": -Infinity}', [("", "-Infinity is no value in JSON")]),
        ("[1]", [("", "must be an object")]),
        ('{"a":\n 1,}', None),
    ],
)
def test_every_problem_has_its_place(text: str, errors: list[tuple[str, str]] | None) -> None:
    with pytest.raises(FilterError) as caught:
        read_filter(text)
    assert errors is None or caught.value.errors == errors
    assert errors is not None or "line 2" in str(caught.value)


def test_very_many_fields_given_twice_are_soon_found() -> None:
    text = "{" + ", ".join(f'"f{number % 40_000}": 1' for number in range(80_000)) + "}"
    begun = process_time()
    with pytest.raises(FilterError) as caught:
        read_filter(text)
    # Counting each of them anew takes half a minute.
    assert process_time() - begun < 10
    assert len(caught.value.errors) == 40_000


def test_a_filter_has_so_many_fields_and_lists_of_any_length() -> None:
    fields: dict[str, object] = {f"f{number}": 1 for number in range(MOST_FIELDS - 1)}
    runs = [f"r{number}" for number in range(1000)]
    fields["restricted_runs_allowed"] = {f"c{number}": runs for number in range(400)}
    assert read_filter(json.dumps(fields)) == fields
    with pytest.raises(FilterError, match="it has 301 fields, and at most 300 fit here"):
        read_filter(json.dumps({**fields, "one_more": 1}))


def test_null_is_no_filter() -> None:
    assert read_filter(" null ") is None
    assert read_filter("{}") == {}
