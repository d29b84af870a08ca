"""The filters of a list of assignments, as parameters and as conditions."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, or_

from bursar.credit.models import Assignment
from bursar.credit.states import AssignmentState, LearnerState
from bursar.database.text import contains_in_any_case
from bursar.emails import normalised
from bursar.web.parameters import ParameterReader

MAX_VALUES: Final = 1000
MAX_SEARCH_LENGTH: Final = 1000
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_COLUMNS = Assignment.__table__.c

Value = TypeVar("Value", str, int, AssignmentState, LearnerState)


@dataclass(frozen=True, slots=True)
class AssignmentFilters:
    """All of them must hold. None: anything; an empty set: nothing."""

    content_keys: frozenset[str] | None = None
    learner_emails: frozenset[str] | None = None
    learner_states: frozenset[LearnerState] | None = None
    lms_user_ids: frozenset[int] | None = None
    states: frozenset[AssignmentState] | None = None
    search: str | None = None

    @property
    def only_states(self) -> bool:
        """Whether the counts kept with a configuration can tell how many there are."""
        others = (self.content_keys, self.learner_emails, self.lms_user_ids, self.search)
        return all(other is None for other in others)

    def admits(self, state: AssignmentState, learner_state: LearnerState | None) -> bool:
        """As far as only the two states are asked for."""
        return (self.states is None or state in self.states) and (
            self.learner_states is None or learner_state in self.learner_states
        )

    def conditions(self, configuration_uuid: UUID) -> list[ColumnElement[bool]]:
        return [_COLUMNS.configuration_uuid == configuration_uuid, *self.narrowing()]

    def narrowing(self) -> list[ColumnElement[bool]]:
        """Beyond belonging to a configuration."""
        wanted = (
            _is_one_of(_COLUMNS.content_key, self.content_keys),
            _is_one_of(_COLUMNS.learner_email, self.learner_emails),
            _is_one_of(_COLUMNS.learner_state, self.learner_states),
            _is_one_of(_COLUMNS.lms_user_id, self.lms_user_ids),
            _is_one_of(_COLUMNS.state, self.states),
            _holds(self.search),
        )
        return [condition for condition in wanted if condition is not None]


def _is_one_of(
    column: ColumnElement[Any], values: Iterable[str] | Iterable[int] | None
) -> ColumnElement[bool] | None:
    if values is None:
        return None
    # Drivers are given plain texts, no enumerations.
    return column.in_(sorted(str(value) if isinstance(value, str) else value for value in values))


def _holds(search: str | None) -> ColumnElement[bool] | None:
    if search is None:
        return None
    return or_(
        contains_in_any_case(_COLUMNS.content_title, search),
        _COLUMNS.learner_email.contains(search.lower(), autoescape=True),
    )


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
