"""Checks that assignments, their transactions, the ledger and the actions are consistent."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, null, or_, select

from bursar.credit.assignments.rules import SORT_ORDER
from bursar.credit.models import (
    Assignment,
    AssignmentAction,
    AssignmentConfiguration,
    LedgerEntry,
    Policy,
    SubsidyTransaction,
)
from bursar.credit.states import AssignmentState, LearnerState, TransactionState

Proof = tuple[str, str, Select[Any]]
"""A table, what is wrong with a row of it, and the uuids of such rows."""

_assignments, _actions = Assignment.__table__, AssignmentAction.__table__
_configurations, _policies = AssignmentConfiguration.__table__, Policy.__table__
_transactions, _ledger = SubsidyTransaction.__table__, LedgerEntry.__table__
_redemption, _reversal = _ledger.alias("redemption"), _ledger.alias("reversal")

_STANDING: Final = (TransactionState.CREATED.value, TransactionState.COMMITTED.value)
_TRANSACTION_OF: Final = {
    AssignmentState.ALLOCATED: TransactionState.CREATED,
    AssignmentState.ACCEPTED: TransactionState.COMMITTED,
    AssignmentState.REVERSED: TransactionState.REVERSED,
}
"""The state that a transaction must have, by the state of the assignment that names it."""


def _ledger_proofs() -> Iterator[Proof]:
    transaction = _transactions.c
    same_budget = [
        or_(
            entry.c.subsidy_uuid != transaction.subsidy_uuid,
            entry.c.policy_uuid != transaction.policy_uuid,
        )
        for entry in (_redemption, _reversal)
    ]
    stands = transaction.state.in_(_STANDING)
    for why, wrong in (
        (
            "no redemption of its quantity in the ledger",
            or_(_redemption.c.uuid.is_(None), _redemption.c.amount_cents != transaction.quantity),
        ),
        ("reversed in the ledger, but not in its state", stands & _reversal.c.uuid.is_not(None)),
        (
            "no reversal of its quantity in the ledger",
            ~stands
            & or_(_reversal.c.uuid.is_(None), _reversal.c.amount_cents != -transaction.quantity),
        ),
        ("its ledger entries are of another subsidy or policy", or_(*same_budget)),
    ):
        yield SubsidyTransaction.__tablename__, why, _with_entries().where(wrong)


def _with_entries() -> Select[Any]:
    joined: Any = _transactions
    for entry, kind in ((_redemption, "redemption"), (_reversal, "reversal")):
        of_transaction = entry.c.transaction_uuid == _transactions.c.uuid
        joined = joined.outerjoin(entry, and_(of_transaction, entry.c.kind == kind))
    return select(_transactions.c.uuid).select_from(joined).order_by(_transactions.c.uuid)


def _transaction_proofs() -> Iterator[Proof]:
    assignment, transaction = _assignments.c, _transactions.c
    yield (
        SubsidyTransaction.__tablename__,
        "its policy spends from another subsidy",
        select(transaction.uuid)
        .join_from(_transactions, _policies, _policies.c.uuid == transaction.policy_uuid)
        .where(_policies.c.subsidy_uuid != transaction.subsidy_uuid),
    )
    yield (
        SubsidyTransaction.__tablename__,
        "its assignment does not name it",
        select(transaction.uuid)
        .outerjoin_from(_transactions, _assignments, assignment.uuid == transaction.assignment_uuid)
        .where(
            transaction.assignment_uuid.is_not(None),
            transaction.state.in_(_STANDING),
            assignment.transaction_uuid.is_distinct_from(transaction.uuid),
        ),
    )


def _assignment_proofs() -> Iterator[Proof]:
    assignment, transaction = _assignments.c, _transactions.c
    paid = (
        select(assignment.uuid)
        .join_from(_assignments, _transactions, transaction.uuid == assignment.transaction_uuid)
        .join(_configurations, _configurations.c.uuid == assignment.configuration_uuid)
        .order_by(assignment.uuid)
    )
    fits = or_(
        *(
            and_(assignment.state == state.value, transaction.state == fitting.value)
            for state, fitting in _TRANSACTION_OF.items()
        )
    )
    must_pay = (AssignmentState.ACCEPTED.value, AssignmentState.REVERSED.value)
    unpaid = select(assignment.uuid).where(
        assignment.state.in_(must_pay), assignment.transaction_uuid.is_(None)
    )
    for why, statement in (
        ("has no transaction", unpaid),
        ("its transaction is in a state that does not fit", paid.where(~fits)),
        (
            "its transaction is that of another assignment",
            paid.where(transaction.assignment_uuid.is_distinct_from(assignment.uuid)),
        ),
        (
            "its transaction has another quantity",
            paid.where(transaction.quantity != assignment.content_quantity),
        ),
        (
            "its transaction is of another policy",
            paid.where(transaction.policy_uuid != _configurations.c.policy_uuid),
        ),
    ):
        yield Assignment.__tablename__, why, statement


def _shown() -> ColumnElement[Any]:
    """The SQL form of `rules.learner_state`. A test compares the two."""
    assignment, action = _assignments.c, _actions.c
    notices = select(action.id).where(
        action.assignment_uuid == assignment.uuid,
        action.action_type == "notified",
        action.created_at >= assignment.allocated_at,
    )
    succeeded = action.completed_at.is_not(None) & action.error_reason.is_(None)
    allocated = assignment.state == AssignmentState.ALLOCATED.value
    return case(
        (assignment.state == AssignmentState.ERRORED.value, LearnerState.FAILED.value),
        (assignment.state == AssignmentState.EXPIRED.value, LearnerState.EXPIRED.value),
        (~allocated, null()),
        (notices.where(succeeded).exists(), LearnerState.WAITING.value),
        (notices.where(action.error_reason.is_not(None)).exists(), LearnerState.FAILED.value),
        else_=LearnerState.NOTIFYING.value,
    )


def _learner_state_proofs() -> Iterator[Proof]:
    assignment = _assignments.c
    order = case(
        *(
            (assignment.learner_state == shown.value, number)
            for shown, number in SORT_ORDER.items()
            if shown is not None
        ),
        else_=SORT_ORDER[None],
    )
    for why, wrong in (
        ("its learner_state is out of date", assignment.learner_state.is_distinct_from(_shown())),
        (
            "its learner_state_sort_order is not that of its learner_state",
            assignment.learner_state_sort_order != order,
        ),
    ):
        statement = select(assignment.uuid).where(wrong).order_by(assignment.uuid)
        yield Assignment.__tablename__, why, statement


STATE_PROOFS: Final[tuple[Proof, ...]] = (
    *_ledger_proofs(),
    *_transaction_proofs(),
    *_assignment_proofs(),
    *_learner_state_proofs(),
)
