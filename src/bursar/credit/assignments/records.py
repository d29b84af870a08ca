"""Reads and marks assignments under their policy's lock: set-based, whatever their number."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.credit.assignments.rules import SORT_ORDER, learner_state
from bursar.credit.ledger.service import Held, Movement
from bursar.credit.models import Assignment, AssignmentAction
from bursar.credit.states import AssignmentEvent, AssignmentState, after
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.database.types import AnyRow

BATCH: Final = 10_000
_COLUMNS = Assignment.__table__.c

ACTION_OF: Final = {
    AssignmentEvent.REDEEM: "redeemed",
    AssignmentEvent.FAIL: "redeemed",
    AssignmentEvent.CANCEL: "cancelled",
    AssignmentEvent.EXPIRE: "expired",
    AssignmentEvent.REVERSE: "reversed",
}


def is_redeeming(row: Any) -> bool:
    return row.state == AssignmentState.ALLOCATED and row.transaction_uuid is not None


def find_by_uuid(session: Session, configuration_uuid: UUID, uuids: Sequence[UUID]) -> list[AnyRow]:
    """Of one configuration only."""
    connection = session.connection()
    found: list[AnyRow] = []
    for batch in batched(uuids, BATCH):
        statement = select(*_COLUMNS).where(
            Assignment.configuration_uuid == configuration_uuid,
            is_any_of(session, Assignment.uuid, batch),
        )
        found += connection.execute(statement).all()
    return found


def price_of(rows: Iterable[Any]) -> int:
    """Cents."""
    return -sum(int(row.content_quantity) for row in rows)


def change_state(
    held: Held,
    rows: Sequence[Any],
    event: AssignmentEvent,
    *,
    error_reason: str | None = None,
    mails: Callable[[Any], UUID | None] = lambda _row: None,
    **values: Any,
) -> Movement:
    """Moves assignments on and records the action; the books are the caller's to `move`.

    All of them must be in a state that the event leaves, for one and the same state. `mails`
    names the mail whose attempts belong to the action. Raises IllegalMove.
    """
    movement = Movement()
    states = {after(AssignmentState(row.state), event) for row in rows}
    for new in states:
        shown = learner_state(new, held.now, ())
        for row in rows:
            movement.leaves(AssignmentState(row.state), row.learner_state)
        movement.enters(new, shown, len(rows))
        _mark(
            held.session,
            [row.uuid for row in rows],
            {
                "state": new.value,
                "learner_state": shown,
                "learner_state_sort_order": SORT_ORDER[shown],
                "modified_at": held.now,
                **values,
            },
        )
    actions = [_action(held, row.uuid, event, error_reason, mails(row)) for row in rows]
    bulk_insert(held.session, AssignmentAction, actions)
    return movement


def _mark(session: Session, uuids: Sequence[UUID], values: dict[str, Any]) -> None:
    for batch in batched(uuids, BATCH):
        session.connection().execute(
            update(Assignment).where(is_any_of(session, Assignment.uuid, batch)).values(values)
        )


def _action(
    held: Held,
    assignment_uuid: UUID,
    event: AssignmentEvent,
    error_reason: str | None,
    mail_uuid: UUID | None,
) -> dict[str, Any]:
    """Completed, unless it has an error."""
    return {
        "uuid": uuid4(),
        "enterprise_uuid": held.budget.enterprise_uuid,
        "assignment_uuid": assignment_uuid,
        "action_type": ACTION_OF[event],
        "mail_uuid": mail_uuid,
        "created_at": held.now,
        "modified_at": held.now,
        "completed_at": None if error_reason else held.now,
        "error_reason": error_reason,
    }


def actions_of(session: Session, uuids: Sequence[UUID]) -> dict[UUID, list[Any]]:
    """Oldest first."""
    columns = AssignmentAction.__table__.c
    found: dict[UUID, list[Any]] = {uuid: [] for uuid in uuids}
    for batch in batched(uuids, BATCH):
        statement = (
            select(*columns)
            .where(is_any_of(session, AssignmentAction.assignment_uuid, batch))
            .order_by(columns.assignment_uuid, columns.id)
        )
        for row in session.connection().execute(statement):
            found[row.assignment_uuid].append(row)
    return found
