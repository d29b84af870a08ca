"""What counts as a difference between two answers, and how it is told."""

from typing import Any

import pytest

from bursar.comparing.differences import ABSENT, Findings, differences, identity, without_origin


def fields(old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    return [(each.field, each.old, each.new) for each in differences(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
        ({"a": 1}, {"a": "1"}, [("a", 1, "1")]),
        ({"a": 1}, {"a": True}, [("a", 1, True)]),
        ({"a": 49.0}, {"a": 49}, [("a", 49.0, 49)]),
        ({"a": None}, {}, [("a", None, ABSENT)]),
        ({}, {"a": None}, [("a", ABSENT, None)]),
        ({"a": {"b": [1]}}, {"a": {"b": [2]}}, [("a.b[]", 1, 2)]),
        ({"a": [1]}, {"a": [1, 2]}, [("a[]", ABSENT, 2)]),
        ({"a": []}, {"a": None}, [("a", [], None)]),
        (
            {"runs": [{"key": "x", "p": 1}, {"key": "y", "p": 2}]},
            {"runs": [{"key": "x", "p": 1}, {"key": "y", "p": 3}]},
            [("runs[].p", 2, 3)],
        ),
        (
            [{"key": "x"}, {"key": "y"}],
            [{"key": "y"}, {"key": "x"}],
            [("[] (order)", ["x", "y"], ["y", "x"])],
        ),
        ([{"key": "x"}, {"key": "x"}], [{"key": "x"}, {"key": "x"}], []),
    ],
)
def test_fields_that_differ(old: Any, new: Any, found: list[tuple[str, Any, Any]]) -> None:
    assert fields(old, new) == found


def test_things_are_recognised_by_their_names() -> None:
    assert identity({"uuid": "u", "key": "k"}) == "u"
    assert identity({"key": "k"}) == "k"
    assert identity({"user_email": "a@b", "courserun_key": "c"}) == "a@b|c"
    assert identity({"user_email": None}) is None
    assert identity(3) is None


def test_findings_are_counted_by_field_and_show_few_examples_and_no_address() -> None:
    findings = Findings("x", frozenset({"modified"}))
    for number in range(5):
        old = {"email": f"ana{number}@example.org", "modified": number}
        findings.compare(f"thing {number}", old, {"email": "bo@example.org", "modified": 9})
    assert (findings.compared, findings.counts) == (5, {"email": 5})
    lines = list(findings.lines())
    assert lines[0] == "  email: 5 differ"
    assert lines[1] == '    thing 0: "[address]" | "[address]"'
    assert len(lines) == 4


def test_links_of_a_service_to_itself_are_the_same_as_those_of_another() -> None:
    old = without_origin({"next": ["http://old/a", "http://lms/b"]}, "http://old")
    assert old == without_origin({"next": ["http://new/a", "http://lms/b"]}, "http://new")
