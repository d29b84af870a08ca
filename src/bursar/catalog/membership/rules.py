"""Pure decisions about who belongs to a catalog."""

from collections.abc import Iterable


def family_members(has_course: bool, matches: Iterable[bool]) -> list[bool]:
    """Which of a course and its runs belong, given which match the filter themselves.

    A course belongs when it or one of its runs matches, and a run belongs when its course does;
    runs whose course was never imported stand alone.
    """
    own = list(matches)
    return [True] * len(own) if has_course and any(own) else own
