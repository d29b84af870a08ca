"""Reads and changes rows of assignments under the lock of their policy, in few statements for any
number of rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.credit.assignments import events
from bursar.credit.assignments.rows import Record, StoredAction
from bursar.credit.assignments.rules import SORT_ORDER, learner_state
from bursar.credit.assignments.views import assignment_list_item
from bursar.credit.ledger.service import BudgetDelta
from bursar.credit.models import Assignment, AssignmentAction
from bursar.credit.states import AssignmentMove, AssignmentState, after
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.database.types import AnyRow
from bursar.events.event import Changes, Event

BATCH: Final = 10_000
_COLUMNS: Final = Assignment.__table__.c
_NAMES: Final = tuple(column.name for column in _COLUMNS)

ACTION_OF: Final = {
    AssignmentMove.REDEEM: "redeemed",
    AssignmentMove.FAIL: "redeemed",
    AssignmentMove.CANCEL: "cancelled",
    AssignmentMove.EXPIRE: "expired",
    AssignmentMove.REVERSE: "reversed",
}
_EVENT_OF: Final[Mapping[AssignmentMove, type[events.AssignmentEvent]]] = {
    AssignmentMove.REDEEM: events.AssignmentAccepted,
    AssignmentMove.FAIL: events.AssignmentErrored,
    AssignmentMove.CANCEL: events.AssignmentCancelled,
    AssignmentMove.EXPIRE: events.AssignmentExpired,
    AssignmentMove.REVERSE: events.AssignmentReversed,
}
_TOLD: Final = ("state", "learner_state", "transaction_uuid", "content_key", "content_quantity")
"""The columns whose old and new values events contain. The API has the same names."""
_told_of_row, _told_of_record = attrgetter(*_TOLD), itemgetter(*_TOLD)


def updated(row: AnyRow, values: Mapping[str, Any]) -> Record:
    """The row, which has every column of its table, as an update with these values leaves it."""
    # `row._mapping` would look up the names anew for every row.
    return Record(zip(_NAMES, row, strict=True), **values)


def is_redeeming(row: AnyRow) -> bool:
    return row.state == AssignmentState.ALLOCATED and row.transaction_uuid is not None


def find_by_uuid(session: Session, configuration_uuid: UUID, uuids: Sequence[UUID]) -> list[AnyRow]:
    """The assignments of one configuration with these uuids."""
    connection = session.connection()
    found: list[AnyRow] = []
    for batch in batched(uuids, BATCH):
        statement = select(*_COLUMNS).where(
            Assignment.configuration_uuid == configuration_uuid,
            is_any_of(session, Assignment.uuid, batch),
        )
        found += connection.execute(statement).all()
    return found


def price_of(rows: Iterable[AnyRow]) -> int:
    """The sum of the prices in cents."""
    return -sum(int(row.content_quantity) for row in rows)


@dataclass(frozen=True, slots=True)
class StateChange:
    """What a change of state leaves to do: `post` the delta, and `publish` the events."""

    delta: BudgetDelta = field(default_factory=BudgetDelta)
    events: Sequence[Event] = ()


def change_state(
    session: Session,
    rows: Sequence[AnyRow],
    move: AssignmentMove,
    *,
    at: datetime,
    error_reason: str | None = None,
    new_mail: Callable[[], UUID] | None = None,
    **values: Any,
) -> StateChange:
    """Moves assignments on, and records the action of each. The caller holds their policy.

    Every row is in a state that the move leaves. `values` are further columns to set. With
    `new_mail` each action names a mail of its own, which the event names too, so that the mail's
    attempts belong to the action. The delta holds no money. Raises IllegalMove.
    """
    if not rows:
        return StateChange()
    (new,) = {after(AssignmentState(row.state), move) for row in rows}
    shown = learner_state(new, at, ())
    written = {
        "state": new.value,
        "learner_state": shown,
        "learner_state_sort_order": SORT_ORDER[shown],
        "modified_at": at,
        **values,
    }
    _write(session, rows, written)
    earlier = actions_of(session, [row.uuid for row in rows])
    actions = [_action(row, move, error_reason, new_mail and new_mail(), at) for row in rows]
    bulk_insert(session, AssignmentAction, actions)
    delta = BudgetDelta()
    for row in rows:
        delta.leaves(AssignmentState(row.state), row.learner_state)
    delta.enters(new, shown, len(rows))
    news = [
        _event(move, row, updated(row, written), [*earlier[row.uuid], action])
        for row, action in zip(rows, actions, strict=True)
    ]
    return StateChange(delta, news)


def _write(session: Session, rows: Sequence[AnyRow], values: Mapping[str, Any]) -> None:
    for batch in batched([row.uuid for row in rows], BATCH):
        session.connection().execute(
            update(Assignment).where(is_any_of(session, Assignment.uuid, batch)).values(values)
        )


def _event(
    move: AssignmentMove, before: AnyRow, now: Record, actions: Sequence[StoredAction]
) -> Event:
    """The event of a change of state. The last action is the one that records the change."""
    mail_uuid = actions[-1].mail_uuid
    mailed = {} if mail_uuid is None else {"mail_uuid": mail_uuid}
    return _EVENT_OF[move](
        object_id=before.uuid,
        enterprise_uuid=before.enterprise_uuid,
        changes=changes_between(before, now),
        data=assignment_list_item(now, actions),
        **mailed,
    )


def changes_between(before: AnyRow, now: Record) -> Changes:
    """The old and new values that an event of an update contains."""
    values = zip(_TOLD, _told_of_row(before), _told_of_record(now), strict=True)
    return {name: (old, new) for name, old, new in values if old != new}


def changes_of_new(row: Record) -> Changes:
    """The values that the event of a new assignment contains."""
    return {name: (None, row[name]) for name in _TOLD if row[name] is not None}


def _action(
    row: AnyRow,
    move: AssignmentMove,
    error_reason: str | None,
    mail_uuid: UUID | None,
    at: datetime,
) -> Record:
    """Completed, unless it has an error."""
    return Record(
        uuid=uuid4(),
        enterprise_uuid=row.enterprise_uuid,
        assignment_uuid=row.uuid,
        action_type=ACTION_OF[move],
        mail_uuid=mail_uuid,
        created_at=at,
        modified_at=at,
        completed_at=None if error_reason else at,
        error_reason=error_reason,
    )


def actions_of(session: Session, uuids: Sequence[UUID]) -> dict[UUID, list[StoredAction]]:
    """The actions of each assignment, oldest first."""
    columns = AssignmentAction.__table__.c
    found: dict[UUID, list[StoredAction]] = {uuid: [] for uuid in uuids}
    for batch in batched(uuids, BATCH):
        statement = (
            select(*columns)
            .where(is_any_of(session, AssignmentAction.assignment_uuid, batch))
            .order_by(columns.assignment_uuid, columns.id)
        )
        for row in session.connection().execute(statement):
            found[row.assignment_uuid].append(row)
    return found
