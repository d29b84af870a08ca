import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.catalog.content.documents import DEEPEST, parse_document
from bursar.catalog.content.nesting import is_nested_deeper
from bursar.catalog.content.refusals import BrokenDocument

trees = st.recursive(
    st.text('[]{}"\\a', max_size=4) | st.none(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text("[{a"), parts, max_size=3),
    max_leaves=12,
)


def depth_of(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth_of, parts), default=0) if isinstance(value, dict | list) else 0


@given(trees, st.integers(0, 6))
def test_it_is_the_depth_whatever_strings_hold(tree: Any, levels: int) -> None:
    text = json.dumps(tree).encode()
    assert is_nested_deeper(text, tree, levels) is (depth_of(tree) > levels)


@pytest.mark.parametrize("opening", ['{"a": ', "["])
@pytest.mark.parametrize("depth", [DEEPEST, 200, 900, 100_000])
def test_a_document_that_is_nested_too_deeply_is_refused(opening: str, depth: int) -> None:
    closing = {"[": "]"}.get(opening, "}")

    def document(levels: int) -> bytes:
        nested = opening * levels + "1" + closing * levels
        return f'{{"key": "edX+A", "course_runs": [], "x": {nested}}}'.encode()

    assert parse_document(document(DEEPEST - 1)).key == "edX+A"
    with pytest.raises(BrokenDocument, match=f"nested more than {DEEPEST} levels deep"):
        parse_document(document(depth))
