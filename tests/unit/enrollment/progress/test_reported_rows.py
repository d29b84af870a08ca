from typing import Any

import pytest

from bursar.enrollment.progress.reported_rows import BadRow, parse_object

ROW = {"learner_email": "Ana@example.org", "courserun_key": "course-v1:edX+DemoX+2026"}


@pytest.mark.parametrize("other", [None, "", "ben@example.org"])
def test_the_first_address_that_is_not_empty_counts(other: Any) -> None:
    assert parse_object(ROW | {"user_email": other}).email == "ana@example.org"
    moved = {"user_email": "Ana@example.org", "learner_email": None}
    assert parse_object(ROW | moved).email == "ana@example.org"


@pytest.mark.parametrize("other", [0, False, [], {}, "nobody"])
@pytest.mark.parametrize("name", ["learner_email", "user_email"])
def test_another_address_must_be_one_all_the_same(name: str, other: Any) -> None:
    good = ROW | {"user_email": "ben@example.org"}
    with pytest.raises(BadRow) as caught:
        parse_object(good | {name: other})
    assert list(caught.value.errors) == [name]
