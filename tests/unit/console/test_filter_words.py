"""Content filters in words."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bursar.console.catalogs.filter_words import Condition, as_json, in_words

OPERANDS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["key", "a__exists", "a__gt", "a__old", "restricted_runs_allowed", "ordering", "__"]
)


def test_conditions_come_before_what_is_added() -> None:
    found = in_words(
        {
            "restricted_runs_allowed": {"course:A": ["r2", "r1"]},
            "aggregation__key__in": ["course:B"],
            "org__exempt": ["X", "Y"],
            "price__lt": 100,
            "end__exists": "false",
            "weeks": None,
        }
    )
    assert found == [
        Condition("aggregation_key", "is", ("course:B",)),
        Condition("org", "is none of", ("X", "Y")),
        Condition("price", "is less than", ("100",)),
        Condition("end", "has no value", ()),
        Condition("weeks", "is", ("nothing",)),
        Condition("restricted runs that are allowed", "", ("r1", "r2"), is_directive=True),
    ]


def test_many_values_are_counted() -> None:
    (found,) = in_words({"key": [str(number) for number in range(20)]})
    assert (found.relation, len(found.values), found.more) == ("is one of", 12, 8)


@given(st.dictionaries(KEYS, OPERANDS))
def test_whatever_an_older_release_accepted_is_shown(content_filter: dict[str, Any]) -> None:
    assert len(in_words(content_filter)) == len(content_filter)
    assert json.loads(as_json(content_filter)) == content_filter
