"""What administrators and the clock do to assignments: reminders, cancellation, expiry."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.audit.service import Change, record
from bursar.credit.assignments import mail
from bursar.credit.assignments.records import (
    BATCH,
    change_state,
    find_by_uuid,
    is_redeeming,
    price_of,
)
from bursar.credit.ledger.service import Held, hold, move
from bursar.credit.models import Assignment
from bursar.credit.refusals import WrongState
from bursar.credit.states import AssignmentEvent, AssignmentState, states_with
from bursar.database.types import AnyRow
from bursar.notifications import service as notifications

_REMINDABLE: Final = frozenset({AssignmentState.ALLOCATED})
_CANCELLABLE: Final = frozenset(states_with(AssignmentEvent.CANCEL))


def remind(
    session: Session,
    actor: Actor,
    *,
    configuration_uuid: UUID,
    link: mail.LinkTo,
    uuids: Sequence[UUID],
    now: datetime,
) -> None:
    """All or none. Raises WrongState. The mails look again before they leave."""
    rows = _all_in(session, configuration_uuid, uuids, _REMINDABLE)
    _remind_rows(session, actor, rows, link, now)


def cancel(
    session: Session,
    actor: Actor,
    *,
    enterprise_uuid: UUID,
    policy_uuid: UUID,
    configuration_uuid: UUID,
    uuids: Sequence[UUID],
    now: datetime,
) -> None:
    """All or none; cancelled ones stay so. Frees the money at once. Raises WrongState."""
    held = hold(session, actor, enterprise_uuid, policy_uuid, now)
    accepted = _CANCELLABLE | {AssignmentState.CANCELLED}
    rows = _all_in(session, configuration_uuid, uuids, accepted)
    changing = [row for row in rows if row.state != AssignmentState.CANCELLED]
    end(held, changing, AssignmentEvent.CANCEL)


def remind_all(
    session: Session,
    actor: Actor,
    link: mail.LinkTo,
    conditions: Sequence[ColumnElement[bool]],
    now: datetime,
) -> int:
    """Every allocated assignment that the filters select; returns how many."""
    total = 0
    for rows in _selected(session, conditions, _REMINDABLE):
        _remind_rows(session, actor, rows, link, now)
        total += len(rows)
    return total


def cancel_all(
    session: Session,
    actor: Actor,
    *,
    enterprise_uuid: UUID,
    policy_uuid: UUID,
    conditions: Sequence[ColumnElement[bool]],
    now: datetime,
) -> int:
    """Every allocated or errored assignment that the filters select; returns how many."""
    held = hold(session, actor, enterprise_uuid, policy_uuid, now)
    total = 0
    for rows in _selected(session, conditions, _CANCELLABLE):
        end(held, rows, AssignmentEvent.CANCEL)
        total += len(rows)
    return total


def end(held: Held, rows: Sequence[Any], event: AssignmentEvent) -> None:
    """Cancels or expires assignments: books, action, mail and audit."""
    if not rows:
        return
    kind = mail.CANCELLED if event is AssignmentEvent.CANCEL else mail.EXPIRED
    mails = mail.of_ended(kind, rows)
    mail_of = {each.subject_uuid: each.uuid for each in mails}
    movement = change_state(held, rows, event, mails=lambda row: mail_of[row.uuid])
    movement.allocated -= price_of(row for row in rows if row.state == AssignmentState.ALLOCATED)
    notifications.enqueue(held.session, mails, held.now)
    record(held.session, held.actor, [_change(kind, row) for row in rows])
    move(held.session, held.budget, movement)


def _remind_rows(
    session: Session, actor: Actor, rows: Sequence[Any], link: mail.LinkTo, now: datetime
) -> None:
    notifications.enqueue(session, mail.of_reminded(rows, link), now)
    record(session, actor, [_change(mail.REMINDED, row) for row in rows])


def _change(kind: str, row: Any) -> Change:
    action = kind.replace("assignment-", "assignment.")
    return Change(action, "assignment", str(row.uuid), row.enterprise_uuid)


def _all_in(
    session: Session,
    configuration_uuid: UUID,
    uuids: Sequence[UUID],
    accepted: frozenset[AssignmentState],
) -> list[AnyRow]:
    rows = find_by_uuid(session, configuration_uuid, uuids)
    states = {row.uuid: "redeeming" if is_redeeming(row) else row.state for row in rows}
    offending = {
        uuid: states.get(uuid, "not found")
        for uuid in uuids
        if states.get(uuid, "not found") not in accepted
    }
    if offending:
        raise WrongState(offending)
    return rows


def _selected(
    session: Session,
    conditions: Sequence[ColumnElement[bool]],
    states: frozenset[AssignmentState],
) -> Iterator[Sequence[AnyRow]]:
    """In batches by uuid, which stays as it is while the batches before it change."""
    ready = (
        *conditions,
        Assignment.state.in_(sorted(states)),
        Assignment.transaction_uuid.is_(None),
    )
    statement = select(*Assignment.__table__.c).where(*ready).order_by(Assignment.uuid)
    rows = session.connection().execute(statement.limit(BATCH)).all()
    while rows:
        yield rows
        after = statement.where(Assignment.uuid > rows[-1].uuid)
        rows = session.connection().execute(after.limit(BATCH)).all()
