"""Cancellation: administrators take assignments back, and their money is free at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import uuid4

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.credit.assignments.commands import (
    AssignmentFilters,
    CancelAllocations,
    CancelAssignments,
    CancelledAllocations,
)
from bursar.credit.assignments.records import change_state, price_of
from bursar.credit.assignments.selection import find_all, select_batches
from bursar.credit.ledger.service import LockedBudget, lock_budget, lock_budget_of, post
from bursar.credit.states import AssignmentMove, AssignmentState, states_with
from bursar.database.types import AnyRow
from bursar.events.service import publish

CANCELLABLE: Final = frozenset(states_with(AssignmentMove.CANCEL))
_ALLOCATED: Final = frozenset({AssignmentState.ALLOCATED})


def cancel(
    session: Session, actor: Actor, command: CancelAssignments, *, at: datetime | None = None
) -> None:
    """Cancels all or none. Those that are already cancelled stay so. Raises
    AssignmentsInWrongState."""
    budget = lock_budget_of(session, command.enterprise_uuid, command.configuration_uuid)
    accepted = CANCELLABLE | {AssignmentState.CANCELLED}
    rows = find_all(session, command.configuration_uuid, command.assignment_uuids, accepted)
    changing = [row for row in rows if row.state != AssignmentState.CANCELLED]
    end(session, actor, budget, changing, AssignmentMove.CANCEL, at=at or clock.now())


def cancel_allocations(
    session: Session, actor: Actor, command: CancelAllocations, *, at: datetime | None = None
) -> CancelledAllocations:
    """Frees what a policy has allocated, so that it can be taken out of use.

    Raises NoResultFound for an unknown policy.
    """
    at, count, cents = at or clock.now(), 0, 0
    budget = lock_budget(session, command.enterprise_uuid, command.policy_uuid)
    if budget.configuration_uuid is None:
        return CancelledAllocations(0, 0)
    everything = AssignmentFilters()
    for rows in select_batches(session, budget.configuration_uuid, everything, _ALLOCATED):
        end(session, actor, budget, rows, AssignmentMove.CANCEL, at=at)
        count, cents = count + len(rows), cents + price_of(rows)
    return CancelledAllocations(count, cents)


def end(
    session: Session,
    actor: Actor,
    budget: LockedBudget,
    rows: Sequence[AnyRow],
    move: AssignmentMove,
    *,
    at: datetime,
) -> None:
    """Cancels or expires assignments, none of which is being redeemed, and tells the learners."""
    change = change_state(session, rows, move, at=at, new_mail=uuid4)
    # The money of an errored assignment was given back when its redemption failed.
    promised = (row for row in rows if row.state == AssignmentState.ALLOCATED)
    change.delta.allocated -= price_of(promised)
    post(session, budget, change.delta, at=at)
    publish(session, actor, change.events, at=at)
