"""Changes of all assignments that the filters of a list select: at once, or as a bulk change."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.bulk_changes.commands import (
    MOST_AT_ONCE,
    Apply,
    Batch,
    Change,
    RequestChange,
    SelectedChange,
)
from bursar.bulk_changes.service import request_change
from bursar.credit.assignments.cancellation import CANCELLABLE, end
from bursar.credit.assignments.commands import AssignmentFilters, CancelSelected, RemindSelected
from bursar.credit.assignments.refusals import SelectionChanged
from bursar.credit.assignments.reminders import REMINDABLE, tell
from bursar.credit.assignments.selection import count_selected, select_next
from bursar.credit.ledger.service import lock_budget_of, lock_policy_of
from bursar.credit.states import AssignmentMove, AssignmentState
from bursar.database.types import AnyRow

CANCEL: Final = "assignments.cancel"
REMIND: Final = "assignments.remind"
_STATES: Final = {CANCEL: CANCELLABLE, REMIND: REMINDABLE}


def cancel_selected(
    session: Session, actor: Actor, command: CancelSelected, *, at: datetime | None = None
) -> SelectedChange:
    """As `cancel`, of those that can be cancelled. Raises SelectionChanged."""
    at, uuid = at or clock.now(), command.configuration_uuid
    budget = lock_budget_of(session, command.enterprise_uuid, uuid)
    rows = select_next(session, uuid, command.filters, CANCELLABLE, MOST_AT_ONCE + 1)
    if len(rows) > MOST_AT_ONCE:
        return _request(session, actor, CANCEL, command, at)
    _check_number(command.expected, len(rows))
    end(session, actor, budget, rows, AssignmentMove.CANCEL, at=at)
    return SelectedChange(len(rows))


def remind_selected(
    session: Session, actor: Actor, command: RemindSelected, *, at: datetime | None = None
) -> SelectedChange:
    """As `remind`, of those that can be reminded. Raises SelectionChanged."""
    at, uuid = at or clock.now(), command.configuration_uuid
    policy = lock_policy_of(session, command.enterprise_uuid, uuid)
    rows = select_next(session, uuid, command.filters, REMINDABLE, MOST_AT_ONCE + 1)
    if len(rows) > MOST_AT_ONCE:
        return _request(session, actor, REMIND, command, at)
    _check_number(command.expected, len(rows))
    tell(session, actor, policy, rows, at)
    return SelectedChange(len(rows))


def _request(
    session: Session,
    actor: Actor,
    kind: str,
    command: CancelSelected | RemindSelected,
    at: datetime,
) -> SelectedChange:
    uuid = command.configuration_uuid
    total = count_selected(session, uuid, command.filters, _STATES[kind])
    _check_number(command.expected, total)
    filters = msgspec.to_builtins(command.filters)
    change = RequestChange(command.enterprise_uuid, kind, uuid, filters, total)
    return SelectedChange(total, request_change(session, actor, change, at))


def _check_number(expected: int | None, number: int) -> None:
    if expected is not None and expected != number:
        raise SelectionChanged(expected, number)


def _cancel_next(session: Session, change: Change, at: datetime) -> Batch:
    budget = lock_budget_of(session, change.enterprise_uuid, change.subject_uuid)
    rows = _next(session, change, CANCELLABLE)
    end(session, change.actor, budget, rows, AssignmentMove.CANCEL, at=at)
    return Batch(len(rows), _last_of(rows))


def _remind_next(session: Session, change: Change, at: datetime) -> Batch:
    policy = lock_policy_of(session, change.enterprise_uuid, change.subject_uuid)
    rows = _next(session, change, REMINDABLE)
    tell(session, change.actor, policy, rows, at)
    return Batch(len(rows), _last_of(rows))


def _next(session: Session, change: Change, states: frozenset[AssignmentState]) -> list[AnyRow]:
    filters = msgspec.convert(change.selection, AssignmentFilters)
    rows = select_next(
        session,
        change.subject_uuid,
        filters,
        states,
        MOST_AT_ONCE,
        after=change.last_uuid,
        until=change.asked_at,
    )
    return list(rows)


def _last_of(rows: list[AnyRow]) -> UUID | None:
    """None when no more can follow."""
    return UUID(str(rows[-1].uuid)) if len(rows) == MOST_AT_ONCE else None


KINDS: Final[Mapping[str, Apply]] = {CANCEL: _cancel_next, REMIND: _remind_next}
