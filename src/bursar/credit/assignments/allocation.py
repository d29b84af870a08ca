"""Allocation: money is reserved for learners, up to the last cent and not beyond."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Select, bindparam, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.audit.service import Change, record
from bursar.batches import batched
from bursar.catalog.offers.service import Offer, find_offer
from bursar.credit.assignments import mail
from bursar.credit.assignments.records import BATCH, actions_of
from bursar.credit.assignments.rules import SORT_ORDER, earliest_expiration, price_band
from bursar.credit.ledger.rules import refusal_of_cost
from bursar.credit.ledger.service import Budget, Held, Movement, hold, move
from bursar.credit.models import Assignment
from bursar.credit.policy_types import ASSIGNED
from bursar.credit.refusals import BudgetRefuses
from bursar.credit.states import AssignmentState, LearnerState
from bursar.database.bulk import bulk_insert, found_by_each, is_any_of
from bursar.database.pipelines import in_one_go
from bursar.database.types import AnyRow
from bursar.learners.service import LearnerRecord, find_learners
from bursar.notifications import service as notifications

_COLUMNS: Final = Assignment.__table__.c
_MOMENT: Final = timedelta(microseconds=1)
_KEPT: Final = frozenset({AssignmentState.ALLOCATED, AssignmentState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller wants to allocate; e-mails normalised and without repetitions."""

    emails: tuple[str, ...]
    content_key: str
    price_cents: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where: a policy of the caller's, as it was admitted."""

    enterprise_uuid: UUID
    policy_uuid: UUID
    catalog_uuid: UUID
    configuration_uuid: UUID | None
    is_configuration_active: bool | None
    link: mail.LinkTo


@dataclass(slots=True)
class Allocation:
    """Rows with the columns of Assignment, in the order of the request, and their actions."""

    updated: list[Any] = field(default_factory=list)
    created: list[Any] = field(default_factory=list)
    no_change: list[Any] = field(default_factory=list)
    actions: Mapping[UUID, Sequence[Any]] = field(default_factory=dict)


class _Record(dict[str, Any]):
    """The columns of a row that was just written."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


def allocate(
    session: Session,
    actor: Actor,
    place: Place,
    wish: Wish,
    *,
    tolerance_percent: int,
    now: datetime,
) -> Allocation:
    """In the caller's transaction, which holds the budget from here on. Raises BudgetRefuses."""
    # Read before the lock, which everyone else waits for.
    offer = find_offer(session, place.catalog_uuid, wish.content_key, now)
    held = hold(session, actor, place.enterprise_uuid, place.policy_uuid, now)
    budget = held.budget
    # Under the lock, as those who make an account known take it to tell the assignments.
    learners = find_learners(session, place.enterprise_uuid, wish.emails)
    if budget.catalog_uuid != place.catalog_uuid:
        offer = find_offer(session, budget.catalog_uuid, wish.content_key, now)
    configuration_uuid = _assignable_through(budget, place)
    offer = _good_offer(budget, offer, wish, tolerance_percent, now)
    sorted_out = _sort_out(session, configuration_uuid, wish, learners)
    cost = wish.price_cents * (len(sorted_out.new) + len(sorted_out.again))
    refusal = refusal_of_cost(budget.money, cost) if cost else None
    if refusal is not None:
        raise BudgetRefuses(refusal, budget.policy_uuid)
    actions = actions_of(session, [row.uuid for row in sorted_out.returning])
    held = replace(held, now=_after(sorted_out, actions, now))
    values = _values(budget, offer, wish, held.now)
    with in_one_go(session, len(wish.emails)):
        allocation = Allocation(
            updated=_allocate_again(session, sorted_out.again, values, held.now),
            created=_create(held, configuration_uuid, sorted_out.new, values),
            no_change=list(sorted_out.kept),
            actions=actions,
        )
        _enter(held, place.link, allocation, sorted_out, cost)
    return allocation


def _after(
    sorted_out: "_SortedOut", actions: Mapping[UUID, Sequence[Any]], now: datetime
) -> datetime:
    """Later than every notice of an earlier allocation, however clocks differ and however long
    this one waited for the lock: those must not count for it."""
    notices: list[datetime] = [
        action.created_at
        for _, row in sorted_out.again
        for action in actions[row.uuid]
        if action.action_type == "notified"
    ]
    return max([now, *(instant + _MOMENT for instant in notices)])


def _assignable_through(budget: Budget, place: Place) -> UUID:
    uuid = place.configuration_uuid
    if budget.policy_type != ASSIGNED or uuid is None or not place.is_configuration_active:
        raise BudgetRefuses("policy_not_assignable", budget.policy_uuid)
    return uuid


def _good_offer(
    budget: Budget, offer: Offer | None, wish: Wish, tolerance_percent: int, now: datetime
) -> Offer:
    policy_uuid = budget.policy_uuid
    if not budget.active or budget.retired:
        raise BudgetRefuses("policy_expired", policy_uuid)
    if not budget.is_subsidy_active(now):
        raise BudgetRefuses("subsidy_expired", policy_uuid)
    if offer is None:
        raise BudgetRefuses("content_not_in_catalog", policy_uuid)
    if offer.price_cents is not None:
        band = price_band(offer.price_cents, tolerance_percent)
        if not band.holds(wish.price_cents):
            metadata = {
                "expected_price_cents": band.expected,
                "minimum_price_cents": band.minimum,
                "maximum_price_cents": band.maximum,
            }
            raise BudgetRefuses("PriceValidationError", policy_uuid, metadata)
    return offer


@dataclass(frozen=True, slots=True)
class _Person:
    email: str
    lms_user_id: int | None


@dataclass(slots=True)
class _SortedOut:
    new: list[_Person] = field(default_factory=list)
    again: list[tuple[_Person, AnyRow]] = field(default_factory=list)
    kept: list[AnyRow] = field(default_factory=list)

    @property
    def returning(self) -> list[AnyRow]:
        return [*(row for _, row in self.again), *self.kept]


def _sort_out(
    session: Session,
    configuration_uuid: UUID,
    wish: Wish,
    learners: Mapping[str, LearnerRecord],
) -> _SortedOut:
    people = [
        _Person(email, learners[email].lms_user_id if email in learners else None)
        for email in wish.emails
    ]
    rows = list(_stored(session, configuration_uuid, wish.content_key, people))
    rows.sort(key=_is_kept)  # of several, the one that counts is the one that lasts
    by_email = {row.learner_email: row for row in rows}
    by_user = {row.lms_user_id: row for row in rows if row.lms_user_id is not None}
    sorted_out, seen = _SortedOut(), set()
    for person in people:
        # A scrubbed row, or one of somebody who changed address, is found by the account.
        found = [by_email.get(person.email), by_user.get(person.lms_user_id)]
        row = max((row for row in found if row is not None), key=_is_kept, default=None)
        identity = row.uuid if row is not None else person.lms_user_id or person.email
        if identity in seen:
            continue
        seen.add(identity)
        if row is None:
            sorted_out.new.append(person)
        elif _is_kept(row):
            sorted_out.kept.append(row)
        else:
            sorted_out.again.append((person, row))
    return sorted_out


def _is_kept(row: AnyRow) -> bool:
    return row.state in _KEPT


def _stored(
    session: Session, configuration_uuid: UUID, content_key: str, people: Sequence[_Person]
) -> Iterator[AnyRow]:
    connection = session.connection()
    given = {"configuration": configuration_uuid, "content": content_key}
    for name, values in (
        ("lms_user_id", [person.lms_user_id for person in people if person.lms_user_id]),
        ("learner_email", [person.email for person in people]),
    ):
        statement = _stored_by(connection.dialect.name, name)
        for batch in batched(values, BATCH):
            yield from connection.execute(statement, {**given, "values": batch})


@lru_cache
def _stored_by(dialect: str, column: str) -> Select[Any]:
    conditions = (
        _COLUMNS.configuration_uuid == bindparam("configuration"),
        _COLUMNS.content_key == bindparam("content"),
    )
    return found_by_each(dialect, tuple(_COLUMNS), conditions, _COLUMNS[column], "values")


def _values(budget: Budget, offer: Offer, wish: Wish, now: datetime) -> dict[str, Any]:
    deadline = earliest_expiration(now, budget.expiration_datetime, offer.enrollment_end)
    return {
        "content_title": offer.title,
        "content_quantity": -wish.price_cents,
        "content_key": wish.content_key,
        "state": AssignmentState.ALLOCATED.value,
        "transaction_uuid": None,
        "allocated_at": now,
        "expires_at": deadline.at,
        "expiry_reason": deadline.reason,
        "recent_action_type": "assigned",
        "recent_action_at": now,
        "learner_state": LearnerState.NOTIFYING.value,
        "learner_state_sort_order": SORT_ORDER[LearnerState.NOTIFYING],
        "scrubbed_at": None,
        "modified_at": now,
    }


def _create(
    held: Held, configuration_uuid: UUID, people: Sequence[_Person], values: dict[str, Any]
) -> list[Any]:
    rows = [
        _Record(
            uuid=uuid4(),
            enterprise_uuid=held.budget.enterprise_uuid,
            configuration_uuid=configuration_uuid,
            learner_email=person.email,
            lms_user_id=person.lms_user_id,
            created_at=held.now,
            **values,
        )
        for person in people
    ]
    bulk_insert(held.session, Assignment, rows)
    return rows


_TAKE_BACK = (
    update(Assignment)
    .where(Assignment.uuid == bindparam("assignment_uuid"))
    .values(learner_email=bindparam("email"), lms_user_id=bindparam("user_id"))
    .execution_options(synchronize_session=False)
)


def _allocate_again(
    session: Session,
    again: Sequence[tuple[_Person, AnyRow]],
    values: dict[str, Any],
    now: datetime,
) -> list[Any]:
    connection = session.connection()
    for batch in batched([row.uuid for _, row in again], BATCH):
        connection.execute(
            update(Assignment).where(is_any_of(session, Assignment.uuid, batch)).values(values)
        )
    rows: list[Any] = []
    changed = []
    for person, row in again:
        user_id = row.lms_user_id if person.lms_user_id is None else person.lms_user_id
        if (person.email, user_id) != (row.learner_email, row.lms_user_id):
            changed.append({"assignment_uuid": row.uuid, "email": person.email, "user_id": user_id})
        named = {"learner_email": person.email, "lms_user_id": user_id}
        rows.append(_Record({**row._mapping, **values, **named}))
    if changed:
        connection.execute(_TAKE_BACK, changed)
    notifications.drop_pending(session, [row.uuid for row in rows], mail.KIND_NAMES, now)
    return rows


def _enter(
    held: Held, link: mail.LinkTo, allocation: Allocation, sorted_out: _SortedOut, cost: int
) -> None:
    """Books, mails and audit of what was allocated."""
    fresh = [*allocation.updated, *allocation.created]
    if not fresh:
        return
    movement = Movement(allocated=cost)
    for _, row in sorted_out.again:
        movement.leaves(AssignmentState(row.state), row.learner_state)
    movement.enters(AssignmentState.ALLOCATED, LearnerState.NOTIFYING, len(fresh))
    notifications.enqueue(held.session, mail.of_allocated(fresh, link), held.now)
    record(held.session, held.actor, [_change(held.budget, row) for row in fresh])
    move(held.session, held.budget, movement)


def _change(budget: Budget, row: Any) -> Change:
    details = {"content_key": row.content_key, "content_quantity": row.content_quantity}
    return Change(
        "assignment.allocated", "assignment", str(row.uuid), budget.enterprise_uuid, details
    )
