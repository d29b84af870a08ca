import pytest

from bursar.catalog.membership.rules import family_members


@pytest.mark.parametrize(
    ("has_course", "matches", "members"),
    [
        (True, [True, False, False], [True, True, True]),
        (True, [False, True, False], [True, True, True]),
        (True, [False, False], [False, False]),
        (False, [True, False], [True, False]),
        (False, [False], [False]),
    ],
)
def test_a_family_belongs_together_when_its_course_is_there(
    has_course: bool, matches: list[bool], members: list[bool]
) -> None:
    assert family_members(has_course, matches) == members
