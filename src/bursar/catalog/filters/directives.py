"""What a content filter can hold beside conditions."""

import re
from collections.abc import Callable
from typing import Final

from bursar.catalog.filters.operators import with_paths
from bursar.catalog.filters.refusals import Problem
from bursar.invisible import refuse_invisible

FORCED_KEYS: Final = "enterprise_force_include_aggregation_keys"
ALLOWED_RUNS: Final = "restricted_runs_allowed"
ORDERING: Final = "ordering"

_UUID: Final = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_PLAIN_KEY: Final = re.compile(r"[^\s:]+")
_PLAIN_UUID: Final = re.compile(_UUID)
_FORCED_FORM: Final = re.compile(
    rf"(course|courserun):[^\s:]+|(program|learnerpathway):{_UUID}|[^\s:]+"
)


def forced_keys(operand: object) -> frozenset[str]:
    """Aggregation keys. Of what a filter may not hold, nothing is forced."""
    keys = operand if isinstance(operand, list) else []
    return frozenset(forced_form(key) for key in keys if isinstance(key, str))


def forced_form(key: str) -> str:
    """A plain key is that of a course, and a plain UUID that of a program.

    UUIDs are the same in any case; course keys are not.
    """
    if _PLAIN_UUID.fullmatch(key):
        key = f"program:{key}"
    elif _PLAIN_KEY.fullmatch(key):
        key = f"course:{key}"
    return key if key.startswith("course") else key.lower()


def allowed_runs(operand: object) -> frozenset[str]:
    """The keys of all runs that are named, under whichever course."""
    lists = operand.values() if isinstance(operand, dict) else ()
    return frozenset(
        key for keys in lists if isinstance(keys, list) for key in keys if isinstance(key, str)
    )


def invisible_problems(path: str, operand: object) -> list[Problem]:
    """Of one key, or of each in a list; what is no text is not looked at."""
    problems = []
    for place, key in with_paths(path, operand):
        try:
            refuse_invisible(key if isinstance(key, str) else "")
        except ValueError as error:
            problems.append((place, f"the key {key!a}: {error}"))
    return problems


def _forced_problems(operand: object) -> list[Problem]:
    if not isinstance(operand, list):
        return [(FORCED_KEYS, "must be a list")]
    message = "must be course:KEY, courserun:COURSE_KEY, program:UUID or a course key"
    return [
        (f"{FORCED_KEYS}[{index}]", message)
        for index, item in enumerate(operand)
        if not isinstance(item, str) or not _FORCED_FORM.fullmatch(item)
    ] + invisible_problems(FORCED_KEYS, operand)


def _allowed_problems(operand: object) -> list[Problem]:
    if not isinstance(operand, dict):
        return [(ALLOWED_RUNS, "must be an object from course keys to lists of run keys")]
    return [problem for course, keys in operand.items() for problem in _run_problems(course, keys)]


def _run_problems(course: object, keys: object) -> list[Problem]:
    path = f"{ALLOWED_RUNS}.{course}"
    if not isinstance(course, str):
        return [(path, "a course key must be a string")]
    if not isinstance(keys, list):
        return [(path, "must be a list of run keys")]
    return [
        *invisible_problems(path, course),
        *(
            (f"{path}[{index}]", "must be a run key")
            for index, key in enumerate(keys)
            if not isinstance(key, str) or not key
        ),
        *invisible_problems(path, keys),
    ]


def _flag_problems(name: str) -> Callable[[object], list[Problem]]:
    def check(operand: object) -> list[Problem]:
        is_flag = operand is None or str(operand).lower() in ("true", "false")
        return [] if is_flag else [(name, "must be true or false")]

    return check


def _ordering_problems(operand: object) -> list[Problem]:
    fields = operand if isinstance(operand, list) else [operand]
    is_order = all(field is None or isinstance(field, str) for field in fields)
    return [] if is_order else [(ORDERING, "must be a field, or a list of fields")]


DIRECTIVES: Final[dict[str, Callable[[object], list[Problem]]]] = {
    FORCED_KEYS: _forced_problems,
    ALLOWED_RUNS: _allowed_problems,
    ORDERING: _ordering_problems,
    **{
        name: _flag_problems(name)
        for name in ("include_learner_pathways", "exclude_expired_course_run")
    },
}
"""What is wrong with the operand of each. They are no conditions."""
