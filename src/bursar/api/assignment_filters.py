"""The query parameters that select assignments."""

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

from bursar.credit.assignments.filters import AssignmentFilters
from bursar.credit.states import AssignmentState, LearnerState
from bursar.emails import normalised
from bursar.web.endpoint import Parameter
from bursar.web.fields import LARGEST_INTEGER
from bursar.web.parameters import ParameterReader, pattern_of_several

MAX_VALUES: Final = 1000
MAX_SEARCH_LENGTH: Final = 1000
ORDERED_BY: Final = {
    "recent_action_time": "recent_action_at",
    "learner_state_sort_order": "learner_state_sort_order",
    "content_quantity": "content_quantity",
}
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
Value = TypeVar("Value", str, int, AssignmentState, LearnerState)


def read_filters(reader: ParameterReader) -> AssignmentFilters:
    return AssignmentFilters(
        content_keys=_values(reader, "content_key", _content_key, ""),
        learner_emails=_values(reader, "learner_email", _email, ""),
        learner_states=_values(
            reader, "learner_state", LearnerState, _must_be_one_of(LearnerState)
        ),
        lms_user_ids=_values(reader, "lms_user_id", _user_id, "Enter a whole number."),
        states=_values(reader, "state", AssignmentState, _must_be_one_of(AssignmentState)),
        search=_search(reader),
    )


def _values(
    reader: ParameterReader, name: str, parse: Callable[[str], Value], message: str
) -> frozenset[Value] | None:
    """What both `name` and `name__in` let pass; None when neither is given."""
    single: Value | None = reader.read(name, parse, message)
    several = _listed(reader, f"{name}__in", parse, message)
    if single is None:
        return several
    one = frozenset((single,))
    return one if several is None else one & several


def _listed(
    reader: ParameterReader, name: str, parse: Callable[[str], Value], message: str
) -> frozenset[Value] | None:
    texts = [part for text in reader.query.get_all(name) for part in text.split(",") if part]
    if not texts:
        return None
    if len(texts) > MAX_VALUES:
        reader.errors[name] = [f"Ensure this field has no more than {MAX_VALUES} elements."]
        return None
    try:
        return frozenset(parse(text.strip()) for text in texts)
    except ValueError:
        reader.errors[name] = [message]
        return None


def _must_be_one_of(names: type[AssignmentState] | type[LearnerState]) -> str:
    return f"Must be one of: {', '.join(names)}."


def _content_key(text: str) -> str:
    # In a query string a plus sign says space; no key has one, so it was meant as a plus.
    return text.strip().replace(" ", "+")


def _email(text: str) -> str:
    # The same is true of addresses.
    return normalised(text).replace(" ", "+")


def _user_id(text: str) -> int:
    """Raises ValueError for what no column of 64 bits can hold."""
    if not _INTEGER.fullmatch(text.strip()):
        raise ValueError(text)
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise ValueError(text)
    return value


def _search(reader: ParameterReader) -> str | None:
    text = (reader.query.get("search") or "").strip()
    if len(text) > MAX_SEARCH_LENGTH:
        reader.errors["search"] = [
            f"Ensure this field has no more than {MAX_SEARCH_LENGTH} characters."
        ]
    return text or None


_STRING: Final = {"type": "string"}
_WHOLE: Final = {"type": "integer", "minimum": -LARGEST_INTEGER - 1, "maximum": LARGEST_INTEGER}
_SIZE: Final = {"type": "integer", "minimum": 1}
_PAGE: Final = Parameter("page", "A page number, or `last`.", _STRING)


def _filter(name: str, what: str, schema: dict[str, Any]) -> tuple[Parameter, Parameter]:
    several = {"type": "array", "items": schema}
    return (
        Parameter(name, f"Only this {what}.", schema),
        Parameter(f"{name}__in", "One of these; separated by commas, or repeated.", several),
    )


FILTER_PARAMETERS: Final[tuple[Parameter, ...]] = (
    *_filter("content_key", "course or course run", _STRING),
    *_filter("learner_email", "learner", _STRING),
    *_filter("learner_state", "state of the learner", {"enum": [*map(str, LearnerState)]}),
    *_filter("lms_user_id", "learner", _WHOLE),
    *_filter("state", "state", {"enum": [*map(str, AssignmentState)]}),
    Parameter("search", "Part of the content's title or of the learner's e-mail.", _STRING),
)
"""What `read_filters` reads."""


LIST_PARAMETERS: Final = (
    Parameter(
        "ordering",
        "`recent_action_time`, `learner_state_sort_order` or `content_quantity`, or several "
        "separated by commas; with `-` in front one descends.",
        {"type": "string", "pattern": pattern_of_several(ORDERED_BY)},
    ),
    _PAGE,
    Parameter("page_size", "Assignments on a page, up to 500.", _SIZE),
)
