"""What narrows a list of assignments, as conditions of its statement."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_

from bursar.credit.models import Assignment
from bursar.credit.states import AssignmentState, LearnerState
from bursar.database.text import contains_in_any_case

_COLUMNS = Assignment.__table__.c


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
