"""Whether a budget pays for a learner and a content now, and how much."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from bursar.catalog.content.course_keys import course_key_of_run
from bursar.catalog.offers.service import Offer, find_offer
from bursar.credit.assignments.deadlines import enrollment_deadline, is_closed, run_open_to
from bursar.credit.assignments.records import is_redeeming
from bursar.credit.assignments.rules import Deadline, earliest_expiration
from bursar.credit.ledger.rules import refusal_of_cost
from bursar.credit.ledger.service import LockedBudget
from bursar.credit.models import Assignment, Policy, SubsidyTransaction
from bursar.credit.policy_types import ASSIGNED
from bursar.credit.redemption import refusals
from bursar.credit.refusals import (
    BudgetRefused,
    ContentNotInCatalog,
    EnrollmentDeadlinePassed,
    PolicyNotActive,
    PriceUnknown,
    SubsidyNotActive,
)
from bursar.credit.states import AssignmentState, TransactionState
from bursar.database.types import AnyRow
from bursar.enrollment.commands import Payer
from bursar.enrollment.service import find_payer
from bursar.learners.accounts import Person

_STANDING: Final = (TransactionState.CREATED.value, TransactionState.COMMITTED.value)


@dataclass(frozen=True, slots=True)
class Payment:
    """What a redemption costs, and what it pays for."""

    price_cents: int
    run_key: str | None
    """The run to enroll in; None when the content has none that takes anybody."""
    assignment: AnyRow | None = None
    """The assignment that is redeemed; None for a policy without assignments."""


def check_open(budget: LockedBudget, at: datetime) -> None:
    """Raises PolicyNotActive or SubsidyNotActive."""
    if not budget.is_in_use:
        raise PolicyNotActive(budget.policy_uuid)
    # Late redemption opens the deadline of an enrollment, never the budget.
    if not budget.is_subsidy_active(at):
        raise SubsidyNotActive(budget.policy_uuid)


def payment_for(
    session: Session,
    budget: LockedBudget,
    person: Person,
    content_key: str,
    offer: Offer | None,
    *,
    at: datetime,
) -> Payment:
    """What the redemption costs. The budget is open, and its catalog offers the content so. The
    caller holds the lock of the budget. Raises a BudgetRefused."""
    if budget.policy_type != ASSIGNED:
        return _directly(session, budget, person, offer, at)
    row = _assignment(session, budget, person, content_key, offer)
    payment = _of_assignment(session, budget, row, offer, at)
    _check_seat(session, budget, person, payment.run_key)
    return payment


def _check_seat(
    session: Session, budget: LockedBudget, person: Person, run_key: str | None
) -> None:
    """A seat is paid for once, whoever pays. Raises AlreadyEnrolled."""
    if run_key is None:
        return
    standing = _standing_payment(session, budget, person, run_key)
    if standing is not None:
        raise refusals.AlreadyEnrolled(budget.policy_uuid, Payer.CREDIT.value, standing)
    payer = find_payer(session, person.learner, run_key)
    if payer is not None:
        raise refusals.AlreadyEnrolled(budget.policy_uuid, payer.value)


def paid_for(person: Person) -> ColumnElement[bool]:
    """The transactions of this person, under whichever address."""
    theirs: list[ColumnElement[bool]] = [SubsidyTransaction.learner_email.in_(person.addresses)]
    if person.learner.lms_user_id is not None:
        theirs.append(SubsidyTransaction.lms_user_id == person.learner.lms_user_id)
    return or_(*theirs)


def _standing_payment(
    session: Session, budget: LockedBudget, person: Person, run_key: str
) -> UUID | None:
    """The transaction of any budget of the enterprise that pays for the seat, or is about to."""
    # By policy, which is what the indexes of transactions begin with.
    policies = select(Policy.uuid).where(Policy.enterprise_uuid == budget.enterprise_uuid)
    statement = select(SubsidyTransaction.uuid).where(
        SubsidyTransaction.policy_uuid.in_(policies),
        SubsidyTransaction.courserun_key == run_key,
        SubsidyTransaction.state.in_(_STANDING),
        paid_for(person),
    )
    return session.scalars(statement.limit(1)).first()


def _of_assignment(
    session: Session,
    budget: LockedBudget,
    row: AnyRow | None,
    offer: Offer | None,
    at: datetime,
) -> Payment:
    """The payment for an assignment. `offer` is that of the requested content, but the deadline is
    that of the assigned content."""
    if row is None:
        raise refusals.AssignmentNotFound(budget.policy_uuid)
    if row.state == AssignmentState.ACCEPTED:
        raise refusals.AlreadyEnrolled(budget.policy_uuid, Payer.CREDIT.value, row.transaction_uuid)
    refused = _refusal_of_state(row)
    if refused is not None:
        raise refused(budget.policy_uuid)
    assigned = offer
    if offer is None or offer.key != row.content_key:
        assigned = find_offer(session, budget.catalog_uuid, row.content_key, at)
    if assigned is None:
        raise ContentNotInCatalog(budget.policy_uuid)
    if _deadline(budget, row, assigned).at <= at:
        raise refusals.AssignmentPastDeadline(budget.policy_uuid)
    if offer is None:
        raise ContentNotInCatalog(budget.policy_uuid)
    seat = assigned if row.content_key in offer.run_keys else offer
    return Payment(-row.content_quantity, _run_for(budget, seat, at), row)


def _run_for(budget: LockedBudget, offer: Offer, at: datetime) -> str | None:
    late_until = budget.late_redemption_allowed_until
    if is_closed(offer, late_until, at):
        raise EnrollmentDeadlinePassed(budget.policy_uuid)
    return run_open_to(offer, late_until, at)


def _assignment(
    session: Session,
    budget: LockedBudget,
    person: Person,
    content_key: str,
    offer: Offer | None,
) -> AnyRow | None:
    """The assignment of the content, or otherwise of the course that holds the run, or otherwise of
    a run of the course. One that can be redeemed comes first.

    The documents say which runs a course has, because the key of a run may name another course.
    Without a document, only the key is left to go by.
    """
    course_key = course_key_of_run(content_key) if offer is None else offer.course_key
    runs = () if offer is None else sorted(offer.run_keys)
    keys = list(dict.fromkeys((content_key, course_key or content_key, *runs)))
    theirs: list[ColumnElement[bool]] = [Assignment.learner_email.in_(person.addresses)]
    if person.learner.lms_user_id is not None:
        theirs.append(Assignment.lms_user_id == person.learner.lms_user_id)
    statement = select(*Assignment.__table__.c).where(
        Assignment.configuration_uuid == budget.configuration_uuid,
        Assignment.content_key.in_(keys),
        or_(*theirs),
    )
    rows = session.connection().execute(statement).all()
    return min(
        rows,
        key=lambda row: (row.state != AssignmentState.ALLOCATED, keys.index(row.content_key)),
        default=None,
    )


def _refusal_of_state(row: AnyRow) -> type[BudgetRefused] | None:
    if is_redeeming(row):
        return refusals.RedemptionInProgress
    if row.state == AssignmentState.EXPIRED:
        return refusals.AssignmentPastDeadline
    if row.state != AssignmentState.ALLOCATED:
        return refusals.AssignmentNotAllocated
    return None


def _deadline(budget: LockedBudget, row: AnyRow, content: Offer) -> Deadline:
    """The deadline from the current content and subsidy, because the stored one may not be updated
    yet."""
    stored = Deadline(row.expires_at, row.expiry_reason)
    enrollment_end = enrollment_deadline(content, budget.late_redemption_allowed_until, stored)
    return earliest_expiration(row.allocated_at, budget.expiration_datetime, enrollment_end)


def _directly(
    session: Session,
    budget: LockedBudget,
    person: Person,
    offer: Offer | None,
    at: datetime,
) -> Payment:
    if offer is None:
        raise ContentNotInCatalog(budget.policy_uuid)
    run_key = _run_for(budget, offer, at)
    # Before the learner's limits, which the seat that is paid for may have used up.
    _check_seat(session, budget, person, run_key)
    if offer.price_cents is None:
        raise PriceUnknown(budget.policy_uuid)
    earlier = _redeemed_by(session, budget, person)
    refused = _refusal_of_learner(budget, earlier, offer.price_cents)
    if refused is not None:
        raise refused(budget.policy_uuid)
    too_dear = refusal_of_cost(budget.money, offer.price_cents)
    if too_dear is not None:
        raise too_dear(budget.policy_uuid, offer.price_cents, budget.money.available)
    return Payment(offer.price_cents, run_key)


def _redeemed_by(session: Session, budget: LockedBudget, person: Person) -> Sequence[AnyRow]:
    statement = select(SubsidyTransaction.quantity).where(
        SubsidyTransaction.policy_uuid == budget.policy_uuid,
        SubsidyTransaction.state.in_(_STANDING),
        paid_for(person),
    )
    return session.execute(statement).all()


def _refusal_of_learner(
    budget: LockedBudget, earlier: Sequence[AnyRow], price_cents: int
) -> type[BudgetRefused] | None:
    spent = price_cents - sum(row.quantity for row in earlier)
    if budget.per_learner_spend_limit is not None and spent > budget.per_learner_spend_limit:
        return refusals.LearnerSpendLimitReached
    limit = budget.per_learner_enrollment_limit
    if limit is not None and len(earlier) >= limit:
        return refusals.LearnerEnrollmentLimitReached
    return None
