"""A thinner document takes nothing away: keys and runs that it does not mention stay."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.catalog.content.documents import parse_document
from bursar.catalog.content.merging import merge, with_what_is_stored
from bursar.catalog.content.templates import decode_template

SEATS = [{"type": "verified", "price": "150.00"}]
FIRST = {"key": "course-v1:MITx+A1+1", "title": "Run", "seats": SEATS}
SECOND = {"key": "course-v1:MITx+A1+2", "title": "Run", "seats": SEATS}
STORED = {"key": "MITx+A1", "title": "Old", "owners": [], "course_runs": [FIRST, SECOND]}


def merged(new: dict[str, Any], stored: dict[str, Any] = STORED) -> dict[str, Any]:
    """After both were stored, one after the other; without the links of ours."""
    body = parse_document(stored).body
    whole = with_what_is_stored(parse_document(new), decode_template(body))
    again = with_what_is_stored(parse_document(new), decode_template(whole.body))
    assert again.body_hash == whole.body_hash
    return without_links(decode_template(whole.body))


def without_links(document: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in document.items() if name != "enrollment_url"}
    for name in {"course_runs", "courses"} & plain.keys():
        plain[name] = [without_links(part) for part in plain[name] or []]
    return plain


@pytest.mark.parametrize("runs", [{}, {"course_runs": []}, {"course_runs": None}])
def test_a_search_result_without_runs_leaves_them(runs: dict[str, Any]) -> None:
    thin = {"content_type": "course", "key": "MITx+A1", "title": "New", "level": None} | runs
    assert merged(thin) == STORED | {"title": "New", "content_type": "course", "level": None}
    assert list(merged(thin))[:4] == list(STORED)


def test_a_run_without_seats_leaves_the_seats() -> None:
    thin = {"key": "MITx+A1", "course_runs": [{"key": SECOND["key"], "title": "New"}]}
    assert merged(thin) == STORED | {"course_runs": [FIRST, SECOND | {"title": "New"}]}


def test_a_new_run_comes_behind_those_that_are_known() -> None:
    third = {"key": "course-v1:MITx+A1+3"}
    thin = {"key": "MITx+A1", "course_runs": [third]}
    assert merged(thin)["course_runs"] == [FIRST, SECOND, third]


def test_null_is_something_that_a_document_says() -> None:
    assert merged(STORED | {"owners": None})["owners"] is None


def test_a_document_that_lacks_nothing_is_taken_as_it_is() -> None:
    new = {"course_runs": [SECOND | {"x": 1}, FIRST], "key": "MITx+A1", "owners": [1], "title": ""}
    assert merge(new, STORED | {"enrollment_url": ""}) is new
    assert list(merged(new)) == list(new)
    assert merged(new) == new


def test_the_courses_of_a_program_keep_what_is_not_mentioned() -> None:
    uuid = "786bbe57-e06c-4eee-92f4-49087fccc200"
    other = {"key": "MITx+B1", "course_runs": []}
    stored = {"uuid": uuid, "type": "X", "courses": [STORED, other]}
    thin = {"uuid": uuid, "type": "Y", "courses": [{"key": "MITx+A1", "title": "New"}]}
    assert merged(thin, stored) == thin | {"courses": [STORED | {"title": "New"}]}
    assert merged(thin | {"courses": []}, stored) == stored | {"type": "Y"}


names = st.sampled_from("abc")
runs = st.dictionaries(names, st.dictionaries(names, st.none() | st.integers(), max_size=3))


@given(first=runs, second=runs)
def test_whatever_was_said_of_a_run_last_is_what_is_kept(
    first: dict[str, dict[str, Any]], second: dict[str, dict[str, Any]]
) -> None:
    def course(said: dict[str, dict[str, Any]]) -> dict[str, Any]:
        return {"key": "a+b", "course_runs": [{"key": key} | run for key, run in said.items()]}

    found = {run.pop("key"): run for run in merged(course(second), course(first))["course_runs"]}
    assert found == {
        key: first.get(key, {}) | second.get(key, {}) for key in first.keys() | second.keys()
    }
