"""The front door of redemptions: a learner takes what a budget pays for, in two steps.

`redeem` takes the money and writes a transaction; the news of it enqueues the job that enrolls the
learner. What the LMS answers then ends the transaction, once and under the lock of its budget:
`complete`, or `fail`, which gives the money back. `reverse` gives it back later.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.catalog.offers.service import find_offer
from bursar.credit.assignments.records import StateChange, change_state
from bursar.credit.ledger.service import BudgetDelta, LockedBudget, NewEntry, lock_budget, post
from bursar.credit.models import Assignment, SubsidyTransaction
from bursar.credit.policies.thresholds import tell_spent
from bursar.credit.redemption import events
from bursar.credit.redemption.asked import obey
from bursar.credit.redemption.asking import (
    Redeemability,
    can_redeem,
    explain,
    find_asked_person,
    why_refused,
)
from bursar.credit.redemption.available import credits_available
from bursar.credit.redemption.commands import (
    CompleteRedemption,
    FailRedemption,
    RedeemCourse,
    ReverseRedemption,
)
from bursar.credit.redemption.eligibility import Payment, Wish, redemption_rules
from bursar.credit.redemption.members import is_member, lock_members
from bursar.credit.redemption.reading import all_transactions
from bursar.credit.redemption.records import TransactionRecord, find_transaction
from bursar.credit.redemption.refusals import LearnerUnknown, TransactionNotCommitted
from bursar.credit.redemption.views import TransactionItem, transaction_item
from bursar.credit.states import (
    AssignmentMove,
    IllegalMove,
    TransactionMove,
    TransactionState,
    transaction_after,
)
from bursar.database.types import AnyRow
from bursar.events.service import publish
from bursar.learners.accounts import lock_person
from bursar.learners.service import LearnerRecord, ensure_learners, find_learner

__all__ = [
    "Redeemability",
    "all_transactions",
    "can_redeem",
    "complete",
    "credits_available",
    "explain",
    "fail",
    "find_asked_person",
    "get_transaction",
    "redeem",
    "reverse",
    "why_refused",
]

_EVENT_OF: Final = {
    TransactionMove.COMMIT: events.TransactionCommitted,
    TransactionMove.FAIL: events.TransactionFailed,
    TransactionMove.REVERSE: events.TransactionReversed,
}


def redeem(
    session: Session, actor: Actor, command: RedeemCourse, *, at: datetime | None = None
) -> TransactionItem:
    """The new transaction, in state created. Raises a BudgetRefused.

    An assigned budget redeems the learner's assignment at its price; the others check what one
    learner may spend, and take the canonical price.
    """
    at = at or clock.now()
    learner = _learner(session, command, at)
    budget = lock_budget(session, command.enterprise_uuid, command.policy_uuid)
    lock_members(session, budget)
    # Two budgets do not wait for each other, so that the person is locked too, after the budget,
    # with every address of the account.
    person = lock_person(session, learner.id)
    if person is None:
        raise LearnerUnknown(command.policy_uuid)
    learner = person.learner
    wish = Wish(
        session,
        budget,
        person,
        command.content_key,
        at,
        partial(is_member, session, budget, person),
        partial(find_offer, session, budget.catalog_uuid, command.content_key, at),
    )
    payment = obey(redemption_rules(wish))
    created = _create(session, budget, learner, command.content_key, payment, at=at)
    delta = BudgetDelta(redeemed=payment.price_cents, balance=-payment.price_cents)
    delta.entry = NewEntry(created.uuid, "redemption", -payment.price_cents)
    if payment.assignment is not None:
        delta.allocated = -payment.price_cents
        _take(session, payment.assignment.uuid, learner, created.uuid, at)
    post(session, budget, delta, at=at)
    item = transaction_item(created)
    told = events.TransactionCreated(
        object_id=created.uuid,
        enterprise_uuid=created.enterprise_uuid,
        changes={
            name: (None, value)
            for name, value in (
                ("state", created.state),
                ("content_key", created.content_key),
                ("quantity", created.quantity),
            )
        },
        data=item,
        is_first=True,
    )
    publish(session, actor, [told], at=at)
    tell_spent(session, actor, budget, delta, at)
    return item


def complete(
    session: Session, actor: Actor, command: CompleteRedemption, *, at: datetime | None = None
) -> bool:
    """Commits the transaction. Returns False if it was completed or failed before, so it is safe to
    repeat."""
    at = at or clock.now()
    budget, transaction = _locked(session, command.enterprise_uuid, command.transaction_uuid)
    if transaction.state != TransactionState.CREATED:
        return False
    assignment = change_state(
        session, _assignment_of(session, transaction), AssignmentMove.REDEEM, at=at
    )
    _settle(
        session,
        actor,
        budget,
        transaction,
        move=TransactionMove.COMMIT,
        assignment=assignment,
        at=at,
    )
    return True


def fail(
    session: Session, actor: Actor, command: FailRedemption, *, at: datetime | None = None
) -> None:
    """Fails the transaction and gives the money back. Does nothing if it was completed or failed
    before, so it is safe to repeat."""
    at = at or clock.now()
    budget, transaction = _locked(session, command.enterprise_uuid, command.transaction_uuid)
    if transaction.state != TransactionState.CREATED:
        return
    assignment = change_state(
        session,
        _assignment_of(session, transaction),
        AssignmentMove.FAIL,
        at=at,
        error_reason="enrollment_error",
        transaction_uuid=None,
    )
    _settle(
        session,
        actor,
        budget,
        transaction,
        move=TransactionMove.FAIL,
        assignment=assignment,
        at=at,
        error=command.error,
    )


def reverse(
    session: Session, actor: Actor, command: ReverseRedemption, *, at: datetime | None = None
) -> TransactionItem:
    """Gives the money back. A subscriber of the event enqueues the job that ends the enrollment.

    Raises TransactionNotCommitted.
    """
    at = at or clock.now()
    budget, transaction = _locked(session, command.enterprise_uuid, command.transaction_uuid)
    try:
        transaction_after(TransactionState(transaction.state), TransactionMove.REVERSE)
    except IllegalMove as error:
        raise TransactionNotCommitted(transaction.uuid, error.state) from None
    assignment = change_state(
        session, _assignment_of(session, transaction), AssignmentMove.REVERSE, at=at
    )
    return _settle(
        session,
        actor,
        budget,
        transaction,
        move=TransactionMove.REVERSE,
        assignment=assignment,
        at=at,
    )


def get_transaction(
    session: Session, enterprise_uuid: UUID, transaction_uuid: UUID
) -> TransactionItem:
    """Raises NoResultFound."""
    return transaction_item(find_transaction(session, enterprise_uuid, transaction_uuid))


def _learner(session: Session, command: RedeemCourse, at: datetime) -> LearnerRecord:
    enterprise_uuid, email = command.enterprise_uuid, command.learner_email
    if email is not None:
        return ensure_learners(session, enterprise_uuid, [email], at)[email]
    learner = find_learner(session, enterprise_uuid, lms_user_id=command.lms_user_id)
    if learner is None:
        raise LearnerUnknown(command.policy_uuid)
    return learner


def _create(
    session: Session,
    budget: LockedBudget,
    learner: LearnerRecord,
    content_key: str,
    payment: Payment,
    *,
    at: datetime,
) -> TransactionRecord:
    created = TransactionRecord(
        enterprise_uuid=budget.enterprise_uuid,
        uuid=uuid4(),
        subsidy_uuid=budget.subsidy_uuid,
        policy_uuid=budget.policy_uuid,
        assignment_uuid=None if payment.assignment is None else payment.assignment.uuid,
        learner_email=learner.email,
        lms_user_id=learner.lms_user_id,
        content_key=content_key,
        courserun_key=payment.run_key,
        quantity=-payment.price_cents,
        state=TransactionState.CREATED.value,
        error=None,
        created_at=at,
        modified_at=at,
    )
    session.execute(insert(SubsidyTransaction).values(asdict(created)))
    return created


def _take(
    session: Session, assignment_uuid: UUID, learner: LearnerRecord, uuid: UUID, at: datetime
) -> None:
    """Takes the money, and stores in the assignment which transaction redeems it."""
    values: dict[str, Any] = {"transaction_uuid": uuid, "modified_at": at}
    if learner.lms_user_id is not None:
        values["lms_user_id"] = learner.lms_user_id
    session.execute(
        update(Assignment)
        .where(Assignment.uuid == assignment_uuid)
        .values(values)
        .execution_options(synchronize_session=False)
    )


def _locked(
    session: Session, enterprise_uuid: UUID, uuid: UUID
) -> tuple[LockedBudget, TransactionRecord]:
    """Locks the budget of a transaction. The transaction is read again under the lock, because
    until then everything except its policy may change."""
    policy_uuid = find_transaction(session, enterprise_uuid, uuid).policy_uuid
    budget = lock_budget(session, enterprise_uuid, policy_uuid)
    return budget, find_transaction(session, enterprise_uuid, uuid)


def _assignment_of(session: Session, transaction: TransactionRecord) -> Sequence[AnyRow]:
    """The assignment that is redeemed, or nothing for a policy without assignments."""
    if transaction.assignment_uuid is None:
        return ()
    statement = select(*Assignment.__table__.c).where(
        Assignment.uuid == transaction.assignment_uuid,
        Assignment.transaction_uuid == transaction.uuid,
    )
    return session.connection().execute(statement).all()


def _settle(
    session: Session,
    actor: Actor,
    budget: LockedBudget,
    transaction: TransactionRecord,
    *,
    move: TransactionMove,
    assignment: StateChange,
    at: datetime,
    error: str | None = None,
) -> TransactionItem:
    """Ends the transaction, with its assignment; gives the money back unless it is committed."""
    state = transaction_after(TransactionState(transaction.state), move)
    session.execute(
        update(SubsidyTransaction)
        .where(SubsidyTransaction.uuid == transaction.uuid)
        .values(state=state, error=error, modified_at=at)
        .execution_options(synchronize_session=False)
    )
    delta = assignment.delta
    if move is not TransactionMove.COMMIT:
        delta.redeemed, delta.balance = -transaction.price_cents, transaction.price_cents
        delta.entry = NewEntry(transaction.uuid, "reversal", transaction.price_cents)
    post(session, budget, delta, at=at)
    settled = replace(transaction, state=state.value, error=error, modified_at=at)
    item = transaction_item(settled)
    told = _EVENT_OF[move](
        object_id=transaction.uuid,
        enterprise_uuid=transaction.enterprise_uuid,
        changes={"state": (transaction.state, settled.state)},
        data=item,
    )
    publish(session, actor, [told, *assignment.events], at=at)
    return item
