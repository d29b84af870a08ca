"""Redemption: a learner takes what a budget pays for.

`redeem` writes everything in one transaction with the durable job that enrols the learner; from
then on the money counts as redeemed. See settlement.py for how it ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.content.documents import course_key_of_run
from bursar.catalog.offers.service import Offer, find_offer
from bursar.credit.assignments.deadlines import enrollment_deadline
from bursar.credit.assignments.records import is_redeeming
from bursar.credit.assignments.rules import Deadline, earliest_expiration
from bursar.credit.ledger.rules import refusal_of_cost
from bursar.credit.ledger.service import Budget, Held, Movement, hold, move
from bursar.credit.models import Assignment, SubsidyTransaction
from bursar.credit.policy_types import ASSIGNED
from bursar.credit.redemption.settlement import audit_transaction, enter, find_transaction
from bursar.credit.refusals import BudgetRefuses
from bursar.credit.states import AssignmentState, TransactionState
from bursar.database.types import AnyRow
from bursar.learners.service import LearnerRecord, ensure_learners, find_learner

_LIVE: Final = (TransactionState.CREATED.value, TransactionState.COMMITTED.value)


@dataclass(frozen=True, slots=True)
class Redemption:
    """Exactly one of e-mail (normalised) and lms_user_id."""

    content_key: str
    learner_email: str | None = None
    lms_user_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Paid:
    price_cents: int
    offer: Offer | None
    assignment: AnyRow | None = None


def redeem(
    session: Session,
    actor: Actor,
    *,
    enterprise_uuid: UUID,
    policy_uuid: UUID,
    configuration_uuid: UUID | None,
    wish: Redemption,
    now: datetime,
) -> AnyRow:
    """The transaction, state created. Raises BudgetRefuses. The caller enqueues the enrolment."""
    learner = _learner(session, enterprise_uuid, policy_uuid, wish, now)
    held = hold(session, actor, enterprise_uuid, policy_uuid, now)
    budget = held.budget
    _check_open(budget, now)
    offer = find_offer(session, budget.catalog_uuid, wish.content_key, now)
    if budget.policy_type == ASSIGNED:
        row = _assignment(session, configuration_uuid, learner, wish.content_key)
        paid = _assigned(held, row, offer)
    else:
        paid = _direct(session, budget, learner, offer)
    return _write(held, learner, wish, paid)


def _learner(
    session: Session, enterprise_uuid: UUID, policy_uuid: UUID, wish: Redemption, now: datetime
) -> LearnerRecord:
    if wish.learner_email is not None:
        return ensure_learners(session, enterprise_uuid, [wish.learner_email], now)[
            wish.learner_email
        ]
    learner = find_learner(session, enterprise_uuid, lms_user_id=wish.lms_user_id)
    if learner is None:
        raise BudgetRefuses("learner_unknown", policy_uuid)
    return learner


def _check_open(budget: Budget, now: datetime) -> None:
    if not budget.active or budget.retired:
        raise BudgetRefuses("policy_expired", budget.policy_uuid)
    late = budget.late_redemption_allowed_until
    is_late = late is not None and budget.active_datetime <= now < late
    if not budget.is_subsidy_active(now) and not is_late:
        raise BudgetRefuses("subsidy_expired", budget.policy_uuid)


def _assigned(held: Held, row: AnyRow | None, offer: Offer | None) -> _Paid:
    """The deadline is that of the content assigned; `offer` is of the content asked for."""
    budget = held.budget
    refusal = _refusal_of_assignment(row)
    if refusal is None and row is not None:
        assigned = offer
        if offer is None or offer.key != row.content_key:
            assigned = find_offer(held.session, budget.catalog_uuid, row.content_key, held.now)
        refusal = _refusal_of_deadline(budget, row, assigned, held.now)
    if refusal is None and offer is None:
        refusal = "content_not_in_catalog"
    if refusal is not None or row is None:
        raise BudgetRefuses(refusal or "assignment_not_found", budget.policy_uuid)
    return _Paid(-row.content_quantity, offer, row)


def _assignment(
    session: Session, configuration_uuid: UUID | None, learner: LearnerRecord, content_key: str
) -> AnyRow | None:
    """Of the content itself, else of the course of a run; what can be redeemed comes first."""
    keys = [content_key, course_key_of_run(content_key) or content_key]
    theirs = [Assignment.learner_email == learner.email]
    if learner.lms_user_id is not None:
        theirs.append(Assignment.lms_user_id == learner.lms_user_id)
    statement = select(*Assignment.__table__.c).where(
        Assignment.configuration_uuid == configuration_uuid,
        Assignment.content_key.in_(keys),
        or_(*theirs),
    )
    rows = session.connection().execute(statement).all()
    return min(
        rows,
        key=lambda row: (row.state != AssignmentState.ALLOCATED, keys.index(row.content_key)),
        default=None,
    )


def _refusal_of_assignment(row: AnyRow | None) -> str | None:
    if row is None:
        return "assignment_not_found"
    if is_redeeming(row):
        return "redemption_in_progress"
    if row.state == AssignmentState.ACCEPTED:
        return "already_redeemed"
    if row.state == AssignmentState.EXPIRED:
        return "assignment_expired"
    if row.state != AssignmentState.ALLOCATED:
        return "assignment_not_allocated"
    return None


def _refusal_of_deadline(
    budget: Budget, row: AnyRow, content: Offer | None, now: datetime
) -> str | None:
    """By what is known now, whether or not a task has run since it became known."""
    if content is None:
        return "content_not_in_catalog"
    stored = Deadline(row.expires_at, row.expiry_reason)
    enrollment_end = enrollment_deadline(content, stored)
    deadline = earliest_expiration(row.allocated_at, budget.expiration_datetime, enrollment_end)
    return "assignment_expired" if deadline.at <= now else None


def _direct(session: Session, budget: Budget, learner: LearnerRecord, offer: Offer | None) -> _Paid:
    if offer is None:
        raise BudgetRefuses("content_not_in_catalog", budget.policy_uuid)
    if offer.price_cents is None:
        raise BudgetRefuses("price_unknown", budget.policy_uuid)
    earlier = _redeemed_by(session, budget, learner)
    refusal = _refusal_of_learner(budget, earlier, offer)
    refusal = refusal or refusal_of_cost(budget.money, offer.price_cents)
    if refusal is not None:
        raise BudgetRefuses(refusal, budget.policy_uuid)
    return _Paid(offer.price_cents, offer)


def _redeemed_by(session: Session, budget: Budget, learner: LearnerRecord) -> Sequence[AnyRow]:
    theirs = [SubsidyTransaction.learner_email == learner.email]
    if learner.lms_user_id is not None:
        theirs.append(SubsidyTransaction.lms_user_id == learner.lms_user_id)
    statement = select(SubsidyTransaction.courserun_key, SubsidyTransaction.quantity).where(
        SubsidyTransaction.policy_uuid == budget.policy_uuid,
        SubsidyTransaction.state.in_(_LIVE),
        or_(*theirs),
    )
    return session.execute(statement).all()


def _refusal_of_learner(budget: Budget, earlier: Sequence[AnyRow], offer: Offer) -> str | None:
    if offer.run_key is not None and offer.run_key in {row.courserun_key for row in earlier}:
        return "already_redeemed"
    spent = -sum(row.quantity for row in earlier) + (offer.price_cents or 0)
    if budget.per_learner_spend_limit is not None and spent > budget.per_learner_spend_limit:
        return "learner_max_spend_reached"
    limit = budget.per_learner_enrollment_limit
    if limit is not None and len(earlier) >= limit:
        return "learner_max_enrollments_reached"
    return None


def _write(held: Held, learner: LearnerRecord, wish: Redemption, paid: _Paid) -> AnyRow:
    session, budget, now = held.session, held.budget, held.now
    uuid, assignment = uuid4(), paid.assignment
    session.execute(
        insert(SubsidyTransaction).values(
            uuid=uuid,
            enterprise_uuid=budget.enterprise_uuid,
            subsidy_uuid=budget.subsidy_uuid,
            policy_uuid=budget.policy_uuid,
            assignment_uuid=None if assignment is None else assignment.uuid,
            learner_email=learner.email,
            lms_user_id=learner.lms_user_id,
            content_key=wish.content_key,
            courserun_key=None if paid.offer is None else paid.offer.run_key,
            quantity=-paid.price_cents,
            state=TransactionState.CREATED,
            created_at=now,
            modified_at=now,
        )
    )
    transaction = find_transaction(session, budget.enterprise_uuid, uuid)
    enter(held, transaction, "redemption", -paid.price_cents)
    movement = Movement(redeemed=paid.price_cents, balance=-paid.price_cents)
    if assignment is not None:
        movement.allocated = -paid.price_cents
        _take(session, assignment.uuid, learner, uuid, now)
    audit_transaction(held, transaction, "transaction.created")
    move(session, budget, movement)
    return transaction


def _take(
    session: Session, assignment_uuid: UUID, learner: LearnerRecord, uuid: UUID, now: datetime
) -> None:
    values: dict[str, Any] = {"transaction_uuid": uuid, "modified_at": now}
    if learner.lms_user_id is not None:
        values["lms_user_id"] = learner.lms_user_id
    session.execute(
        update(Assignment)
        .where(Assignment.uuid == assignment_uuid)
        .values(values)
        .execution_options(synchronize_session=False)
    )
