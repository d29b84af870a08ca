"""What narrows a list of assignments, as conditions of its statement."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, or_

from bursar.credit.assignments.commands import AssignmentFilters
from bursar.credit.models import Assignment
from bursar.database.text import address_contains, contains_in_any_case

_COLUMNS: Final = Assignment.__table__.c


def conditions(configuration_uuid: UUID, filters: AssignmentFilters) -> list[ColumnElement[bool]]:
    return [_COLUMNS.configuration_uuid == configuration_uuid, *narrowing(filters)]


def narrowing(filters: AssignmentFilters) -> list[ColumnElement[bool]]:
    """Conditions for the filters, in addition to that on the configuration."""
    wanted = (
        _is_one_of(_COLUMNS.content_key, filters.content_keys),
        _is_one_of(_COLUMNS.learner_email, filters.learner_emails),
        _is_one_of(_COLUMNS.learner_state, filters.learner_states),
        _is_one_of(_COLUMNS.lms_user_id, filters.lms_user_ids),
        _is_one_of(_COLUMNS.state, filters.states),
        _holds(filters.search),
    )
    return [condition for condition in wanted if condition is not None]


def _is_one_of(
    column: ColumnElement[Any], values: Iterable[str] | Iterable[int] | None
) -> ColumnElement[bool] | None:
    if values is None:
        return None
    # Database drivers want plain strings, not members of enumerations.
    return column.in_(sorted(str(value) if isinstance(value, str) else value for value in values))


def _holds(search: str | None) -> ColumnElement[bool] | None:
    if search is None:
        return None
    return or_(
        contains_in_any_case(_COLUMNS.content_title, search),
        address_contains(_COLUMNS.learner_email, search),
    )
