"""What a change of assignments would do, told before it is made: how many, and for how much."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, select

from bursar.credit.assignments.cancellation import CANCELLABLE
from bursar.credit.assignments.commands import AssignmentFilters
from bursar.credit.assignments.filters import conditions
from bursar.credit.assignments.owned import LISTED_CONFIGURATION, ListedConfiguration
from bursar.credit.assignments.queries import KINDS
from bursar.credit.assignments.reminders import REMINDABLE
from bursar.credit.models import Assignment, AssignmentConfiguration
from bursar.credit.states import AssignmentState, LearnerState

CANCEL: Final = "cancel"
REMIND: Final = "remind"
POSSIBLE: Final = {CANCEL: CANCELLABLE, REMIND: REMINDABLE}
"""The states of the assignments that can be changed so."""

KindCounts: TypeAlias = Counter[tuple[AssignmentState, LearnerState | None]]
_assignment: Final = Assignment.__table__.c
_configuration: Final = AssignmentConfiguration.__table__.c


@dataclass(frozen=True, slots=True)
class ChangePreview:
    number: int
    """Of those that can be changed."""
    impossible: int
    """Of those that were selected and cannot be."""
    promised_cents: int
    """What is reserved for them, and comes back when they are cancelled."""
    uuids: tuple[UUID, ...] = ()
    """Of those that can be changed, where they were named one by one."""


def listed_configurations(
    connection: Connection, enterprise_uuid: UUID
) -> dict[UUID, ListedConfiguration]:
    """Every configuration of an enterprise with its counts, by policy. One statement."""
    statement = select(
        _configuration.policy_uuid, LISTED_CONFIGURATION.enterprise, *LISTED_CONFIGURATION.columns
    ).where(_configuration.enterprise_uuid == enterprise_uuid)
    return {row[0]: ListedConfiguration(*row[1:]) for row in connection.execute(statement)}


def counts_by_kind(
    connection: Connection, configuration: ListedConfiguration, filters: AssignmentFilters
) -> KindCounts:
    """How many that the filters let pass are in which state. No statement where they name nothing
    but states, because the configuration has these counts."""
    counts: KindCounts = Counter()
    if filters.only_states:
        for state, learner_state, column in KINDS:
            if filters.admits(state, learner_state):
                counts[state, learner_state] += getattr(configuration, column)
        return counts
    statement = (
        select(_assignment.state, _assignment.learner_state, func.count())
        .where(*conditions(configuration.uuid, filters))
        .group_by(_assignment.state, _assignment.learner_state)
    )
    for state, learner_state, count in connection.execute(statement):
        shown = None if learner_state is None else LearnerState(learner_state)
        counts[AssignmentState(state), shown] += count
    return counts


def preview_selected(
    connection: Connection, configuration_uuid: UUID, filters: AssignmentFilters, change: str
) -> ChangePreview:
    """Of all that the filters select, which `remind_selected` or `cancel_selected` would change."""
    return _preview(connection, conditions(configuration_uuid, filters), change)


def preview_named(
    connection: Connection, configuration_uuid: UUID, uuids: Sequence[UUID], change: str
) -> ChangePreview:
    """Of these, which `remind` or `cancel` would change."""
    named = [
        _assignment.configuration_uuid == configuration_uuid,
        _assignment.uuid.in_(list(uuids)),
    ]
    found = _preview(connection, named, change)
    possible = select(_assignment.uuid).where(*named, _is_possible(change))
    changing = tuple(connection.scalars(possible.order_by(_assignment.uuid)))
    left = len(set(uuids)) - found.number
    return ChangePreview(found.number, left, found.promised_cents, changing)


def _preview(
    connection: Connection, selected: list[ColumnElement[bool]], change: str
) -> ChangePreview:
    possible = _is_possible(change)
    promised = possible & (_assignment.state == AssignmentState.ALLOCATED.value)
    total, number, cents = connection.execute(
        select(
            func.count(),
            func.count().filter(possible),
            func.coalesce(func.sum(-_assignment.content_quantity).filter(promised), 0),
        ).where(*selected)
    ).one()
    return ChangePreview(number, total - number, int(cents))


def _is_possible(change: str) -> ColumnElement[bool]:
    states = sorted(POSSIBLE[change])
    return _assignment.state.in_(states) & _assignment.transaction_uuid.is_(None)
