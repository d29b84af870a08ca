"""Allocation: money is reserved for learners, never more than the budget has."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.batches import batched
from bursar.catalog.offers.service import Offer, find_offer
from bursar.credit.assignments.commands import AllocateCourse, Allocation
from bursar.credit.assignments.deadlines import enrollment_deadline, is_closed
from bursar.credit.assignments.events import AssignmentAllocated
from bursar.credit.assignments.matching import Matched, Person, match_existing
from bursar.credit.assignments.members import check_active, check_members
from bursar.credit.assignments.records import (
    BATCH,
    actions_of,
    changes_between,
    changes_of_new,
    updated,
)
from bursar.credit.assignments.refusals import PolicyNotAssignable, PriceOutOfBand
from bursar.credit.assignments.rows import Record, StoredAction
from bursar.credit.assignments.rules import SORT_ORDER, earliest_expiration, price_band
from bursar.credit.assignments.views import allocation_item, assignment_item, assignment_list_item
from bursar.credit.ledger.rules import refusal_of_cost
from bursar.credit.ledger.service import BudgetDelta, LockedBudget, lock_budget, post
from bursar.credit.models import Assignment
from bursar.credit.policies.thresholds import tell_spent
from bursar.credit.policy_types import ASSIGNED
from bursar.credit.refusals import (
    ContentNotInCatalog,
    EnrollmentDeadlinePassed,
    PolicyNotActive,
    PriceUnknown,
    SubsidyNotActive,
)
from bursar.credit.states import AssignmentState, LearnerState
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.database.pipelines import in_one_go
from bursar.database.types import AnyRow
from bursar.events.event import Changes
from bursar.events.service import publish
from bursar.learners.service import find_learners

_MOMENT: Final = timedelta(microseconds=1)


def allocate(
    session: Session,
    actor: Actor,
    command: AllocateCourse,
    *,
    tolerance_percent: int,
    at: datetime | None = None,
) -> Allocation:
    """All or none: 1,000 learners are allocated together, or nothing is changed.

    The price may differ from the canonical one by `tolerance_percent`. Raises a BudgetRefused:
    PolicyNotAssignable, PolicyNotActive, SubsidyNotActive, ContentNotInCatalog,
    EnrollmentDeadlinePassed, PriceUnknown, PriceOutOfBand, LearnersDeactivated, LearnersNotInGroup,
    SubsidyExhausted or SpendLimitReached. The transaction holds the budget from here on.
    """
    at = at or clock.now()
    offer = None
    if command.catalog_uuid is not None:
        # The content is looked up before the lock, because other allocations on this budget wait
        # for it.
        offer = find_offer(session, command.catalog_uuid, command.content_key, at)
    budget = lock_budget(session, command.enterprise_uuid, command.policy_uuid)
    # Learners are read under the lock. Code that makes an account known takes it too, to link
    # assignments.
    learners = find_learners(session, command.enterprise_uuid, command.learner_emails)
    if budget.catalog_uuid != command.catalog_uuid:
        offer = find_offer(session, budget.catalog_uuid, command.content_key, at)
    configuration_uuid = _assignable_through(budget)
    offer = _good_offer(budget, offer, command.price_cents, tolerance_percent, at)
    check_active(budget, learners)
    check_members(session, budget, command.learner_emails, learners)
    matched = match_existing(
        session, configuration_uuid, command.content_key, command.learner_emails, learners
    )
    cost = command.price_cents * (len(matched.new) + len(matched.again))
    refused = refusal_of_cost(budget.money, cost) if cost else None
    if refused is not None:
        raise refused(budget.policy_uuid, cost, budget.money.available)
    return _reserve(session, actor, budget, matched, _Terms(command, offer, cost, at))


@dataclass(frozen=True, slots=True)
class _Terms:
    """What is allocated to each learner, for how much together, and when."""

    command: AllocateCourse
    offer: Offer
    cost_cents: int
    at: datetime


def _reserve(
    session: Session, actor: Actor, budget: LockedBudget, matched: Matched, terms: _Terms
) -> Allocation:
    """Writes what was found to be allowed."""
    actions = actions_of(session, [row.uuid for row in matched.returning])
    at = _later_than_notices(matched, actions, terms.at)
    values = _values(budget, terms.offer, terms.command, at)
    # Nothing in this block reads an answer of the database, so it is one round trip under the lock.
    with in_one_go(session, len(terms.command.learner_emails)):
        again = _allocate_again(session, matched.again, values)
        created = _create(session, budget, matched.new, values)
        news = list(_news(budget, matched, again, created, actions))
        delta = _delta(matched, terms.cost_cents)
        if news:
            post(session, budget, delta, at=at)
            publish(session, actor, news, at=at)
    tell_spent(session, actor, budget, delta, at)
    items = [allocation_item(event.data) for event in news]
    return Allocation(
        updated=items[: len(again)],
        created=items[len(again) :],
        no_change=[assignment_item(row, actions[row.uuid]) for row in matched.kept],
    )


def _later_than_notices(
    matched: Matched, actions: Mapping[UUID, Sequence[StoredAction]], at: datetime
) -> datetime:
    """The instant of this allocation, after every notice of an earlier one.

    Those must not count for this allocation, however far the clocks of processes differ, and
    however long this transaction has waited for the lock.
    """
    notices: list[datetime] = [
        action.created_at
        for _, row in matched.again
        for action in actions[row.uuid]
        if action.action_type == "notified"
    ]
    return max([at, *(instant + _MOMENT for instant in notices)])


def _assignable_through(budget: LockedBudget) -> UUID:
    uuid = budget.configuration_uuid
    if budget.policy_type != ASSIGNED or uuid is None or not budget.is_configuration_active:
        raise PolicyNotAssignable(budget.policy_uuid)
    return uuid


def _good_offer(
    budget: LockedBudget,
    offer: Offer | None,
    price_cents: int,
    tolerance_percent: int,
    at: datetime,
) -> Offer:
    if not budget.is_in_use:
        raise PolicyNotActive(budget.policy_uuid)
    if not budget.is_subsidy_active(at):
        raise SubsidyNotActive(budget.policy_uuid)
    if offer is None:
        raise ContentNotInCatalog(budget.policy_uuid)
    if is_closed(offer, budget.late_redemption_allowed_until, at):
        raise EnrollmentDeadlinePassed(budget.policy_uuid)
    if offer.price_cents is None and not budget.allow_unknown_price:
        raise PriceUnknown(budget.policy_uuid)
    if offer.price_cents is not None:
        band = price_band(offer.price_cents, tolerance_percent)
        if not band.holds(price_cents):
            raise PriceOutOfBand(budget.policy_uuid, band)
    return offer


def _values(
    budget: LockedBudget, offer: Offer, command: AllocateCourse, at: datetime
) -> dict[str, Any]:
    """What new assignments and those that are allocated again have in common."""
    enrollment_end = enrollment_deadline(offer, budget.late_redemption_allowed_until)
    deadline = earliest_expiration(at, budget.expiration_datetime, enrollment_end)
    return {
        "content_title": offer.title,
        "content_quantity": -command.price_cents,
        "content_key": command.content_key,
        "state": AssignmentState.ALLOCATED.value,
        "transaction_uuid": None,
        "allocated_at": at,
        "expires_at": deadline.at,
        "expiry_reason": deadline.reason,
        "recent_action_type": "assigned",
        "recent_action_at": at,
        "learner_state": LearnerState.NOTIFYING.value,
        "learner_state_sort_order": SORT_ORDER[LearnerState.NOTIFYING],
        "scrubbed_at": None,
        "modified_at": at,
    }


def _create(
    session: Session,
    budget: LockedBudget,
    people: Sequence[Person],
    values: Mapping[str, Any],
) -> list[Record]:
    rows = [
        Record(
            uuid=uuid4(),
            enterprise_uuid=budget.enterprise_uuid,
            configuration_uuid=budget.configuration_uuid,
            learner_email=person.email,
            lms_user_id=person.lms_user_id,
            created_at=values["allocated_at"],
            **values,
        )
        for person in people
    ]
    bulk_insert(session, Assignment, rows)
    return rows


_NAME_LEARNER: Final = (
    update(Assignment)
    .where(Assignment.uuid == bindparam("assignment_uuid"))
    .values(learner_email=bindparam("email"), lms_user_id=bindparam("user_id"))
    .execution_options(synchronize_session=False)
)


def _allocate_again(
    session: Session, again: Sequence[tuple[Person, AnyRow]], values: Mapping[str, Any]
) -> list[Record]:
    connection = session.connection()
    for batch in batched([row.uuid for _, row in again], BATCH):
        connection.execute(
            update(Assignment).where(is_any_of(session, Assignment.uuid, batch)).values(values)
        )
    rows: list[Record] = []
    renamed = []
    for person, row in again:
        user_id = row.lms_user_id if person.lms_user_id is None else person.lms_user_id
        if (person.email, user_id) != (row.learner_email, row.lms_user_id):
            renamed.append({"assignment_uuid": row.uuid, "email": person.email, "user_id": user_id})
        named = {"learner_email": person.email, "lms_user_id": user_id}
        rows.append(updated(row, {**values, **named}))
    if renamed:
        connection.execute(_NAME_LEARNER, renamed)
    return rows


def _delta(matched: Matched, cost: int) -> BudgetDelta:
    delta = BudgetDelta(allocated=cost)
    for _, row in matched.again:
        delta.leaves(AssignmentState(row.state), row.learner_state)
    allocated = len(matched.again) + len(matched.new)
    delta.enters(AssignmentState.ALLOCATED, LearnerState.NOTIFYING, allocated)
    return delta


def _news(
    budget: LockedBudget,
    matched: Matched,
    again: Sequence[Record],
    created: Sequence[Record],
    actions: Mapping[UUID, Sequence[StoredAction]],
) -> Iterator[AssignmentAllocated]:
    """Events of the assignments that are allocated again, then of the new ones."""
    for (_, before), row in zip(matched.again, again, strict=True):
        yield _event(budget, row, actions[row.uuid], changes_between(before, row), is_first=False)
    changes = changes_of_new(created[0]) if created else {}  # the same for all of them
    for row in created:
        yield _event(budget, row, (), changes, is_first=True)


def _event(
    budget: LockedBudget,
    row: Record,
    actions: Sequence[StoredAction],
    changes: Changes,
    *,
    is_first: bool,
) -> AssignmentAllocated:
    return AssignmentAllocated(
        object_id=row.uuid,
        enterprise_uuid=budget.enterprise_uuid,
        changes=changes,
        data=assignment_list_item(row, actions),
        is_first=is_first,
        enterprise_slug=budget.enterprise_slug,
        catalog_uuid=budget.catalog_uuid,
    )
