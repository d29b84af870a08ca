"""Whether a budget pays for a learner and a content now, and how much."""

from collections.abc import Callable, Sequence
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
from bursar.credit.redemption.asked import Asked, Rule, Rules
from bursar.credit.refusals import (
    BudgetRefused,
    ContentNotInCatalog,
    EnrollmentDeadlinePassed,
    LearnerDeactivated,
    NotInGroup,
    PolicyNotActive,
    PriceUnknown,
    SubsidyExhausted,
    SubsidyNotActive,
)
from bursar.credit.states import AssignmentState, TransactionState
from bursar.database.types import AnyRow
from bursar.enrollment.commands import Payer
from bursar.enrollment.service import find_payer
from bursar.learners.accounts import Person

STANDING: Final = (TransactionState.CREATED.value, TransactionState.COMMITTED.value)
"""States of a transaction that took money and did not give it back."""


@dataclass(frozen=True, slots=True)
class Payment:
    """What a redemption costs, and what it pays for."""

    price_cents: int
    run_key: str | None
    """The run to enroll in; None when the content has none that takes anybody."""
    assignment: AnyRow | None = None
    """The assignment that is redeemed; None for a policy without assignments."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked about. A redemption looks things up under its locks, one by one; whoever only
    asks has looked them up for many budgets at once."""

    session: Session
    budget: LockedBudget
    person: Person
    content_key: str
    at: datetime
    is_member: Callable[[], bool]
    """Whether the person is in a group that the budget is for."""
    find_offer: Callable[[], Offer | None]
    """How the budget's catalog offers the content."""


def redemption_rules(wish: Wish) -> Rules[Payment]:
    """All that a redemption asks, in its order. Whoever redeems holds the lock of the budget, and
    those of its groups and of the person."""
    yield from _open_rules(wish.budget, wish.at)
    yield from _learner_rules(wish)
    offer = wish.find_offer()
    if wish.budget.policy_type != ASSIGNED:
        return (yield from _directly(wish.session, wish.budget, wish.person, offer, wish.at))
    row = _assignment(wish.session, wish.budget, wish.person, wish.content_key, offer)
    payment = yield from _of_assignment(wish.session, wish.budget, row, offer, wish.at)
    yield _seat_asked(wish.session, wish.budget, wish.person, payment.run_key)
    return payment


def _open_rules(budget: LockedBudget, at: datetime) -> Rules[None]:
    in_use = None if budget.is_in_use else PolicyNotActive(budget.policy_uuid)
    yield Asked(Rule.BUDGET_IN_USE, in_use, {"retired": budget.retired})
    # Late redemption opens the deadline of an enrollment, never the budget.
    active = None if budget.is_subsidy_active(at) else SubsidyNotActive(budget.policy_uuid)
    dates = {"since": budget.active_datetime, "until": budget.expiration_datetime}
    yield Asked(Rule.SUBSIDY_ACTIVE, active, dates)


def _learner_rules(wish: Wish) -> Rules[None]:
    policy_uuid = wish.budget.policy_uuid
    if wish.person.learner.deactivated_at is not None:
        yield Asked(Rule.LEARNER_ACTIVE, LearnerDeactivated(policy_uuid))
    if wish.budget.is_for_groups:
        yield Asked(Rule.IN_GROUP, None if wish.is_member() else NotInGroup(policy_uuid))


def _seat_asked(
    session: Session, budget: LockedBudget, person: Person, run_key: str | None
) -> Asked:
    """A seat is paid for once, whoever pays."""
    refused = None if run_key is None else _refusal_of_seat(session, budget, person, run_key)
    source = None if refused is None else refused.source
    return Asked(Rule.SEAT_NOT_PAID, refused, {"run": run_key, "source": source})


def _refusal_of_seat(
    session: Session, budget: LockedBudget, person: Person, run_key: str
) -> refusals.AlreadyEnrolled | None:
    standing = _standing_payment(session, budget, person, run_key)
    if standing is not None:
        return refusals.AlreadyEnrolled(budget.policy_uuid, Payer.CREDIT.value, standing)
    payer = find_payer(session, person.learner, run_key)
    return None if payer is None else refusals.AlreadyEnrolled(budget.policy_uuid, payer.value)


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
        SubsidyTransaction.state.in_(STANDING),
        paid_for(person),
    )
    return session.scalars(statement.limit(1)).first()


def _of_assignment(
    session: Session,
    budget: LockedBudget,
    row: AnyRow | None,
    offer: Offer | None,
    at: datetime,
) -> Rules[Payment]:
    """The payment for an assignment. `offer` is that of the requested content, but the deadline is
    that of the assigned content."""
    if row is None:
        refused = refusals.AssignmentNotFound(budget.policy_uuid)
        yield Asked(Rule.ASSIGNED, refused)
        raise refused
    yield Asked(Rule.ASSIGNED)
    yield Asked(Rule.ASSIGNMENT_WAITS, _refusal_of_state(budget, row), {"state": row.state})
    assigned = offer
    if offer is None or offer.key != row.content_key:
        assigned = find_offer(session, budget.catalog_uuid, row.content_key, at)
    found = yield from _in_catalog(budget, assigned)
    yield _deadline_asked(budget, row, found, at)
    requested = found if offer is found else (yield from _in_catalog(budget, offer))
    seat = found if row.content_key in requested.run_keys else requested
    run_key = yield from _open_run(budget, seat, at)
    return Payment(-row.content_quantity, run_key, row)


def _deadline_asked(budget: LockedBudget, row: AnyRow, assigned: Offer, at: datetime) -> Asked:
    until = _deadline(budget, row, assigned).at
    refused = refusals.AssignmentPastDeadline(budget.policy_uuid) if until <= at else None
    return Asked(Rule.ASSIGNMENT_NOT_EXPIRED, refused, {"until": until})


def _in_catalog(budget: LockedBudget, offer: Offer | None) -> Rules[Offer]:
    if offer is None:
        refused = ContentNotInCatalog(budget.policy_uuid)
        yield Asked(Rule.CONTENT_IN_CATALOG, refused)
        raise refused
    yield Asked(Rule.CONTENT_IN_CATALOG, None, {"content": offer.key})
    return offer


def _open_run(budget: LockedBudget, offer: Offer, at: datetime) -> Rules[str | None]:
    """The run to enroll in; None when the content has none that takes anybody."""
    late_until = budget.late_redemption_allowed_until
    is_over = is_closed(offer, late_until, at)
    refused = EnrollmentDeadlinePassed(budget.policy_uuid) if is_over else None
    run_key = None if is_over else run_open_to(offer, late_until, at)
    yield Asked(Rule.ENROLLMENT_OPEN, refused, {"run": run_key, "late_until": late_until})
    return run_key


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


def _refusal_of_state(budget: LockedBudget, row: AnyRow) -> BudgetRefused | None:
    if row.state == AssignmentState.ACCEPTED:
        payer = Payer.CREDIT.value
        return refusals.AlreadyEnrolled(budget.policy_uuid, payer, row.transaction_uuid)
    if is_redeeming(row):
        return refusals.RedemptionInProgress(budget.policy_uuid)
    if row.state == AssignmentState.EXPIRED:
        return refusals.AssignmentPastDeadline(budget.policy_uuid)
    if row.state != AssignmentState.ALLOCATED:
        return refusals.AssignmentNotAllocated(budget.policy_uuid)
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
) -> Rules[Payment]:
    found = yield from _in_catalog(budget, offer)
    run_key = yield from _open_run(budget, found, at)
    # Before the learner's limits, which the seat that is paid for may have used up.
    yield _seat_asked(session, budget, person, run_key)
    price = yield from _price(budget, found)
    earlier = _redeemed_by(session, budget, person)
    yield _spending_asked(budget, earlier, price)
    yield _enrollments_asked(budget, earlier)
    yield from _cost_rules(budget, price)
    return Payment(price, run_key)


def _price(budget: LockedBudget, offer: Offer) -> Rules[int]:
    if offer.price_cents is None:
        refused = PriceUnknown(budget.policy_uuid)
        yield Asked(Rule.PRICE_KNOWN, refused)
        raise refused
    yield Asked(Rule.PRICE_KNOWN, None, {"price": offer.price_cents})
    return offer.price_cents


def _redeemed_by(session: Session, budget: LockedBudget, person: Person) -> Sequence[AnyRow]:
    statement = select(SubsidyTransaction.quantity).where(
        SubsidyTransaction.policy_uuid == budget.policy_uuid,
        SubsidyTransaction.state.in_(STANDING),
        paid_for(person),
    )
    return session.execute(statement).all()


def _spending_asked(budget: LockedBudget, earlier: Sequence[AnyRow], price_cents: int) -> Asked:
    spent, limit = -sum(row.quantity for row in earlier), budget.per_learner_spend_limit
    is_beyond = limit is not None and spent + price_cents > limit
    refused = refusals.LearnerSpendLimitReached(budget.policy_uuid) if is_beyond else None
    facts = {"limit": limit, "spent": spent, "price": price_cents}
    return Asked(Rule.LEARNER_SPEND_LIMIT, refused, facts)


def _enrollments_asked(budget: LockedBudget, earlier: Sequence[AnyRow]) -> Asked:
    number, limit = len(earlier), budget.per_learner_enrollment_limit
    is_beyond = limit is not None and number >= limit
    refused = refusals.LearnerEnrollmentLimitReached(budget.policy_uuid) if is_beyond else None
    return Asked(Rule.LEARNER_ENROLLMENT_LIMIT, refused, {"limit": limit, "enrollments": number})


def _cost_rules(budget: LockedBudget, price_cents: int) -> Rules[None]:
    too_dear = refusal_of_cost(budget.money, price_cents)
    refused = None
    if too_dear is not None:
        refused = too_dear(budget.policy_uuid, price_cents, budget.money.available)
    is_subsidy = isinstance(refused, SubsidyExhausted)
    left = {"left": budget.money.left_in_subsidy, "price": price_cents}
    yield Asked(Rule.SUBSIDY_BALANCE, refused if is_subsidy else None, left)
    left_in_policy = {"left": budget.money.left_in_policy, "price": price_cents}
    yield Asked(Rule.SPEND_LIMIT, None if is_subsidy else refused, left_in_policy)
