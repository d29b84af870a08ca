"""Transactions and their ends: `commit`, `fail` and `reverse`, each once and under the lock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.audit.service import Change, record
from bursar.credit.assignments.records import change_state
from bursar.credit.ledger.service import Held, Movement, hold, move
from bursar.credit.models import Assignment, LedgerEntry, SubsidyTransaction
from bursar.credit.states import (
    AssignmentEvent,
    TransactionEvent,
    TransactionState,
    transaction_after,
)
from bursar.database.types import AnyRow

_COLUMNS: Final = SubsidyTransaction.__table__.c


def find_transaction(session: Session, enterprise_uuid: UUID, uuid: UUID) -> AnyRow:
    """As it is now; settled only under its policy's lock. Raises NoResultFound."""
    statement = select(*_COLUMNS).where(
        _COLUMNS.uuid == uuid, _COLUMNS.enterprise_uuid == enterprise_uuid
    )
    return session.connection().execute(statement).one()


def commit(
    session: Session, actor: Actor, enterprise_uuid: UUID, uuid: UUID, now: datetime
) -> bool:
    """The learner is enrolled. False when that, or its failure, was settled before."""
    held, transaction = _held(session, actor, enterprise_uuid, uuid, now)
    if transaction.state != TransactionState.CREATED:
        return False
    _settle(held, transaction, TransactionEvent.COMMIT)
    movement = Movement()
    if transaction.assignment_uuid is not None:
        rows = _assignment_of(session, transaction)
        movement = change_state(held, rows, AssignmentEvent.REDEEM)
    move(session, held.budget, movement)
    return True


def fail(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID,
    uuid: UUID,
    *,
    error: str,
    now: datetime,
) -> None:
    """The learner cannot be enrolled: the money goes back. Safe to repeat."""
    held, transaction = _held(session, actor, enterprise_uuid, uuid, now)
    if transaction.state != TransactionState.CREATED:
        return
    _settle(held, transaction, TransactionEvent.FAIL, error)
    movement = _give_back(held, transaction)
    if transaction.assignment_uuid is not None:
        changed = change_state(
            held,
            _assignment_of(session, transaction),
            AssignmentEvent.FAIL,
            error_reason="enrollment_error",
            transaction_uuid=None,
        )
        movement.counts = changed.counts
    move(session, held.budget, movement)


def reverse(
    session: Session, actor: Actor, enterprise_uuid: UUID, uuid: UUID, now: datetime
) -> AnyRow:
    """Raises IllegalMove unless it is committed. The caller enqueues the end of the enrolment."""
    held, transaction = _held(session, actor, enterprise_uuid, uuid, now)
    _settle(held, transaction, TransactionEvent.REVERSE)
    movement = _give_back(held, transaction)
    if transaction.assignment_uuid is not None:
        rows = _assignment_of(session, transaction)
        movement.counts = change_state(held, rows, AssignmentEvent.REVERSE).counts
    move(session, held.budget, movement)
    return find_transaction(session, enterprise_uuid, uuid)


def _held(
    session: Session, actor: Actor, enterprise_uuid: UUID, uuid: UUID, now: datetime
) -> tuple[Held, AnyRow]:
    """The transaction as it is once the lock is ours."""
    policy_uuid = find_transaction(session, enterprise_uuid, uuid).policy_uuid
    held = hold(session, actor, enterprise_uuid, policy_uuid, now)
    return held, find_transaction(session, enterprise_uuid, uuid)


def _settle(
    held: Held, transaction: AnyRow, event: TransactionEvent, error: str | None = None
) -> None:
    state = transaction_after(TransactionState(transaction.state), event)
    held.session.execute(
        update(SubsidyTransaction)
        .where(SubsidyTransaction.uuid == transaction.uuid)
        .values(state=state, error=error, modified_at=held.now)
        .execution_options(synchronize_session=False)
    )
    audit_transaction(held, transaction, f"transaction.{state}")


def _assignment_of(session: Session, transaction: AnyRow) -> Sequence[AnyRow]:
    statement = select(*Assignment.__table__.c).where(
        Assignment.uuid == transaction.assignment_uuid,
        Assignment.transaction_uuid == transaction.uuid,
    )
    return session.connection().execute(statement).all()


def _give_back(held: Held, transaction: AnyRow) -> Movement:
    price_cents = -transaction.quantity
    enter(held, transaction, "reversal", price_cents)
    return Movement(redeemed=-price_cents, balance=price_cents)


def enter(held: Held, transaction: AnyRow, kind: str, amount_cents: int) -> None:
    held.session.execute(
        insert(LedgerEntry).values(
            uuid=uuid4(),
            enterprise_uuid=transaction.enterprise_uuid,
            subsidy_uuid=transaction.subsidy_uuid,
            policy_uuid=transaction.policy_uuid,
            transaction_uuid=transaction.uuid,
            kind=kind,
            amount_cents=amount_cents,
            effective_at=held.now,
            created_at=held.now,
        )
    )


def audit_transaction(held: Held, transaction: AnyRow, action: str) -> None:
    details = {
        "policy_uuid": str(transaction.policy_uuid),
        "content_key": transaction.content_key,
        "quantity": transaction.quantity,
    }
    change = Change(
        action, "transaction", str(transaction.uuid), transaction.enterprise_uuid, details
    )
    record(held.session, held.actor, [change])
