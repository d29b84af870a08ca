"""What an operator declares of learner credit. Everything expects the caller's transaction."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.credit.models import AssignmentConfiguration, LedgerEntry, Policy, Subsidy
from bursar.credit.policies.declarations import Outcome, Refused
from bursar.credit.policies.declared_policies import put_policy
from bursar.credit.policies.declared_subsidies import put_subsidy, starting_balance_uuid

__all__ = [
    "Deposit",
    "Outcome",
    "Overcommitted",
    "PolicyRecord",
    "Refused",
    "SubsidyRecord",
    "get_policy",
    "list_policies",
    "list_subsidies",
    "lock_enterprise",
    "overcommitted",
    "put_policy",
    "put_subsidy",
    "starting_balance_uuid",
]


@dataclass(frozen=True, slots=True)
class Deposit:
    uuid: UUID
    amount: int
    """Cents."""
    date: datetime


@dataclass(frozen=True, slots=True)
class SubsidyRecord:
    subsidy: Subsidy
    starting_balance: int
    """Cents."""
    deposits: Sequence[Deposit]
    """All but the starting balance, in the order in which they were entered."""


@dataclass(frozen=True, slots=True)
class PolicyRecord:
    policy: Policy
    configuration: AssignmentConfiguration | None


@dataclass(frozen=True, slots=True)
class Overcommitted:
    """A subsidy whose active policies may spend more than was ever paid in; cents."""

    subsidy_uuid: UUID
    limits: int
    deposits: int


def lock_enterprise(session: Session, enterprise_uuid: UUID) -> None:
    """Holds every budget of an enterprise still until the transaction ends.

    In the order in which a single budget is locked, policies before subsidies: no deadlock.
    """
    for model in (Policy, Subsidy):
        uuid = model.__table__.c.uuid
        statement = select(uuid).where(model.__table__.c.enterprise_uuid == enterprise_uuid)
        session.execute(statement.order_by(uuid).with_for_update()).all()


def overcommitted(session: Session, subsidy_uuids: Collection[UUID]) -> list[Overcommitted]:
    """Those of which the limits of the active policies add up to more than the deposits.

    A policy without a limit counts nothing: the balance bounds it.
    """
    limits = select(Policy.subsidy_uuid, Policy.spend_limit).where(
        Policy.subsidy_uuid.in_(subsidy_uuids),
        Policy.active,
        Policy.retired.is_(False),
        Policy.spend_limit.is_not(None),
    )
    deposits = select(LedgerEntry.subsidy_uuid, LedgerEntry.amount_cents).where(
        LedgerEntry.subsidy_uuid.in_(subsidy_uuids), LedgerEntry.kind == "deposit"
    )
    # Added up here: the database's own sums stop at 64 bits.
    allowed, paid = defaultdict[UUID, int](int), defaultdict[UUID, int](int)
    for totals, statement in ((allowed, limits), (paid, deposits)):
        for uuid, cents in session.execute(statement):
            totals[uuid] += cents or 0
    return [
        Overcommitted(uuid, allowed[uuid], paid[uuid])
        for uuid in subsidy_uuids
        if allowed[uuid] > paid[uuid]
    ]


def list_subsidies(session: Session, enterprise_uuid: UUID) -> list[SubsidyRecord]:
    """Oldest first."""
    subsidies = session.scalars(
        select(Subsidy)
        .where(Subsidy.enterprise_uuid == enterprise_uuid)
        .order_by(Subsidy.created_at, Subsidy.uuid)
    ).all()
    entries = session.scalars(
        select(LedgerEntry)
        .where(LedgerEntry.enterprise_uuid == enterprise_uuid, LedgerEntry.kind == "deposit")
        .order_by(LedgerEntry.created_at, LedgerEntry.effective_at, LedgerEntry.uuid)
    )
    by_subsidy = defaultdict[UUID, list[LedgerEntry]](list)
    for entry in entries:
        by_subsidy[entry.subsidy_uuid].append(entry)
    return [_record(subsidy, by_subsidy[subsidy.uuid]) for subsidy in subsidies]


def _record(subsidy: Subsidy, entries: Sequence[LedgerEntry]) -> SubsidyRecord:
    first = starting_balance_uuid(subsidy.uuid)
    return SubsidyRecord(
        subsidy,
        sum(entry.amount_cents for entry in entries if entry.uuid == first),
        [
            Deposit(entry.uuid, entry.amount_cents, entry.effective_at)
            for entry in entries
            if entry.uuid != first
        ],
    )


def get_policy(session: Session, uuid: UUID) -> Policy:
    """Raises NoResultFound."""
    return session.get_one(Policy, uuid)


def list_policies(session: Session, enterprise_uuid: UUID) -> list[PolicyRecord]:
    """Oldest first."""
    rows = session.execute(
        select(Policy, AssignmentConfiguration)
        .outerjoin(AssignmentConfiguration, AssignmentConfiguration.policy_uuid == Policy.uuid)
        .where(Policy.enterprise_uuid == enterprise_uuid)
        .order_by(Policy.created_at, Policy.uuid)
    )
    return [PolicyRecord(policy, configuration) for policy, configuration in rows]
