"""The assignments that a change is about: named one by one, or selected by filters."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from bursar.credit.assignments.commands import AssignmentFilters
from bursar.credit.assignments.filters import conditions
from bursar.credit.assignments.records import BATCH, find_by_uuid, is_redeeming
from bursar.credit.assignments.refusals import AssignmentsInWrongState
from bursar.credit.models import Assignment
from bursar.credit.states import AssignmentState
from bursar.database.types import AnyRow

_NOT_FOUND: Final = "not found"


def find_all(
    session: Session,
    configuration_uuid: UUID,
    uuids: Sequence[UUID],
    accepted: frozenset[AssignmentState],
) -> list[AnyRow]:
    """The rows of all these assignments. Raises AssignmentsInWrongState if one is not in an
    accepted state, is being redeemed, or is not in the configuration."""
    rows = find_by_uuid(session, configuration_uuid, uuids)
    states = {row.uuid: "redeeming" if is_redeeming(row) else row.state for row in rows}
    offending = {
        uuid: states.get(uuid, _NOT_FOUND)
        for uuid in uuids
        if states.get(uuid, _NOT_FOUND) not in accepted
    }
    if offending:
        raise AssignmentsInWrongState(offending)
    return rows


def select_batches(
    session: Session,
    configuration_uuid: UUID,
    filters: AssignmentFilters,
    states: frozenset[AssignmentState],
) -> Iterator[Sequence[AnyRow]]:
    """Those that the filters select, are in one of the states, and are not being redeemed.

    The batches follow the order of uuids, which stay as they are while the caller changes the
    batches before.
    """
    after: UUID | None = None
    while rows := select_next(session, configuration_uuid, filters, states, BATCH, after=after):
        yield rows
        after = rows[-1].uuid


def select_next(
    session: Session,
    configuration_uuid: UUID,
    filters: AssignmentFilters,
    states: frozenset[AssignmentState],
    limit: int,
    *,
    after: UUID | None = None,
    until: datetime | None = None,
) -> Sequence[AnyRow]:
    """A batch, as those of `select_batches`. With `until`, what was allocated later is left out."""
    statement = select(*Assignment.__table__.c).where(
        *_selected(configuration_uuid, filters, states)
    )
    if after is not None:
        statement = statement.where(Assignment.uuid > after)
    if until is not None:
        statement = statement.where(Assignment.allocated_at <= until)
    return session.connection().execute(statement.order_by(Assignment.uuid).limit(limit)).all()


def count_selected(
    session: Session,
    configuration_uuid: UUID,
    filters: AssignmentFilters,
    states: frozenset[AssignmentState],
) -> int:
    statement = select(func.count()).select_from(Assignment.__table__)
    return (
        session.connection()
        .execute(statement.where(*_selected(configuration_uuid, filters, states)))
        .scalar_one()
    )


def _selected(
    configuration_uuid: UUID, filters: AssignmentFilters, states: frozenset[AssignmentState]
) -> list[ColumnElement[bool]]:
    return [
        *conditions(configuration_uuid, filters),
        Assignment.state.in_(sorted(states)),
        Assignment.transaction_uuid.is_(None),
    ]
