"""The totals of an enterprise's budgets, added up anew after its ledger and assignments came."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, bindparam, func, select, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.credit.adopted.commands import CreditAdoptionRefused
from bursar.credit.ledger.service import counted_as
from bursar.credit.models import (
    Assignment,
    AssignmentConfiguration,
    LedgerEntry,
    Policy,
    Subsidy,
)
from bursar.credit.policies.events import (
    PolicyChanged,
    PolicyCreated,
    SubsidyChanged,
    SubsidyCreated,
)
from bursar.credit.policies.queries import find_summary
from bursar.credit.policies.views import subsidy_item
from bursar.credit.states import AssignmentState
from bursar.declarations import AdoptionOutcome
from bursar.events.event import Event
from bursar.events.service import publish

_subsidy, _policy = Subsidy.__table__.c, Policy.__table__.c
_entry, _assignment = LedgerEntry.__table__.c, Assignment.__table__.c
_configuration: Final = AssignmentConfiguration.__table__.c
_COUNTS: Final = tuple(column.name for column in _configuration if column.name.endswith("_count"))


def _sum(amount: Any, *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(func.coalesce(func.sum(amount), 0)).where(*conditions).scalar_subquery()


_OF_POLICY: Final = {
    "redeemed_cents": _sum(-_entry.amount_cents, _entry.policy_uuid == _policy.uuid),
    "allocated_cents": _sum(
        -_assignment.content_quantity,
        _assignment.configuration_uuid == _configuration.uuid,
        _configuration.policy_uuid == _policy.uuid,
        _assignment.state == AssignmentState.ALLOCATED.value,
        _assignment.transaction_uuid.is_(None),
    ),
}
_OF_SUBSIDY: Final = {
    "balance_cents": _sum(_entry.amount_cents, _entry.subsidy_uuid == _subsidy.uuid),
    "allocated_cents": _sum(_policy.allocated_cents, _policy.subsidy_uuid == _subsidy.uuid),
}


def add_up(session: Session, enterprise_uuid: UUID) -> None:
    """Raises CreditAdoptionRefused when more is allocated, or was spent, than there is."""
    connection = session.connection()
    mine = _policy.enterprise_uuid == enterprise_uuid
    connection.execute(update(Policy).where(mine).values(_OF_POLICY))
    sums = select(_subsidy.uuid, *(each.label(name) for name, each in _OF_SUBSIDY.items()))
    for row in connection.execute(sums.where(_subsidy.enterprise_uuid == enterprise_uuid)):
        if row.allocated_cents > row.balance_cents:
            text = (
                f"subsidy {row.uuid}: {row.allocated_cents} cents are allocated, and its balance is"
                f" {row.balance_cents}"
            )
            raise CreditAdoptionRefused(text)
    mine = _subsidy.enterprise_uuid == enterprise_uuid
    connection.execute(update(Subsidy).where(mine).values(_OF_SUBSIDY))
    _count_assignments(session, enterprise_uuid)
    session.expire_all()


def _count_assignments(session: Session, enterprise_uuid: UUID) -> None:
    state, shown = _assignment.state, _assignment.learner_state
    statement = (
        select(_assignment.configuration_uuid, state, shown, func.count())
        .where(_assignment.enterprise_uuid == enterprise_uuid)
        .group_by(_assignment.configuration_uuid, state, shown)
    )
    counts: dict[UUID, dict[str, int]] = {
        uuid: dict.fromkeys(_COUNTS, 0)
        for uuid in session.scalars(
            select(_configuration.uuid).where(_configuration.enterprise_uuid == enterprise_uuid)
        )
    }
    for uuid, of_state, of_shown, number in session.connection().execute(statement):
        counts[uuid][counted_as(AssignmentState(of_state), of_shown)] += number
    rows = [
        {"of_uuid": uuid, **{f"new_{name}": number for name, number in each.items()}}
        for uuid, each in counts.items()
    ]
    if rows:
        new: dict[str, BindParameter[int]] = {name: bindparam(f"new_{name}") for name in _COUNTS}
        change = update(AssignmentConfiguration).where(_configuration.uuid == bindparam("of_uuid"))
        session.connection().execute(change.values(new), rows)


def balances(session: Session, enterprise_uuid: UUID) -> dict[UUID, int]:
    """Cents by subsidy, added up from the ledger."""
    statement = (
        select(_entry.subsidy_uuid, func.sum(_entry.amount_cents))
        .where(_entry.enterprise_uuid == enterprise_uuid)
        .group_by(_entry.subsidy_uuid)
    )
    return {row[0]: int(row[1]) for row in session.connection().execute(statement)}


def spent(session: Session, enterprise_uuid: UUID) -> dict[UUID, int]:
    """Cents by policy, added up from the ledger."""
    statement = (
        select(_entry.policy_uuid, func.sum(-_entry.amount_cents))
        .where(_entry.enterprise_uuid == enterprise_uuid, _entry.policy_uuid.is_not(None))
        .group_by(_entry.policy_uuid)
    )
    return {row[0]: int(row[1]) for row in session.connection().execute(statement)}


def assignment_counts(session: Session, configuration_uuid: UUID) -> dict[str, int]:
    """By state."""
    statement = (
        select(_assignment.state, func.count())
        .where(_assignment.configuration_uuid == configuration_uuid)
        .group_by(_assignment.state)
    )
    return {row[0]: row[1] for row in session.connection().execute(statement)}


def tell(
    session: Session,
    actor: Actor,
    subsidies: Mapping[UUID, AdoptionOutcome],
    policies: Mapping[UUID, AdoptionOutcome],
    at: datetime,
) -> None:
    """Tells of those that are new or have changed, as they are with their money."""
    publish(session, actor, list(_news_of_subsidies(session, subsidies, at)), at=at)
    publish(session, actor, list(_news_of_policies(session, policies, at)), at=at)


def _news_of_subsidies(
    session: Session, subsidies: Mapping[UUID, AdoptionOutcome], at: datetime
) -> Iterator[Event]:
    for uuid, outcome in subsidies.items():
        if outcome in ("created", "changed"):
            subsidy = session.get_one(Subsidy, uuid)
            kind = SubsidyCreated if outcome == "created" else SubsidyChanged
            yield kind(
                object_id=uuid,
                enterprise_uuid=subsidy.enterprise_uuid,
                changes={"current_balance": (None, subsidy.balance_cents)},
                data=subsidy_item(subsidy, at),
                is_first=outcome == "created",
            )


def _news_of_policies(
    session: Session, policies: Mapping[UUID, AdoptionOutcome], at: datetime
) -> Iterator[Event]:
    for uuid, outcome in policies.items():
        if outcome in ("created", "changed"):
            policy = session.get_one(Policy, uuid)
            kind = PolicyCreated if outcome == "created" else PolicyChanged
            yield kind(
                object_id=uuid,
                enterprise_uuid=policy.enterprise_uuid,
                changes={"amount_redeemed": (None, policy.redeemed_cents)},
                data=find_summary(session.connection(), uuid, at),
                is_first=outcome == "created",
            )
