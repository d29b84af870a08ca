"""What is declared of learner credit, read back for exports and for checks of the whole."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.credit.models import (
    AssignmentConfiguration,
    LedgerAdjustment,
    LedgerEntry,
    Policy,
    Subsidy,
)
from bursar.credit.policies.adjustments import KIND
from bursar.credit.policies.commands import (
    Adjustment,
    ConfigurationRecord,
    Deposit,
    Overcommitted,
    PolicyRecord,
    SubsidyRecord,
)
from bursar.credit.policies.subsidies import starting_balance_uuid
from bursar.groups.service import groups_of_policies


def overcommitted(session: Session, subsidy_uuids: Collection[UUID]) -> list[Overcommitted]:
    """The subsidies whose active policies have limits that add up to more than what was paid in.

    A policy without a limit counts as zero, because the balance limits it.
    """
    limits = select(Policy.subsidy_uuid, Policy.spend_limit).where(
        Policy.subsidy_uuid.in_(subsidy_uuids),
        Policy.active,
        Policy.retired.is_(False),
        Policy.spend_limit.is_not(None),
    )
    deposits = select(LedgerEntry.subsidy_uuid, LedgerEntry.amount_cents).where(
        LedgerEntry.subsidy_uuid.in_(subsidy_uuids),
        LedgerEntry.kind.in_(["deposit", KIND]),
    )
    # The sums are computed in Python, because those of the databases overflow at 64 bits.
    allowed, paid = defaultdict[UUID, int](int), defaultdict[UUID, int](int)
    for totals, statement in ((allowed, limits), (paid, deposits)):
        for uuid, cents in session.execute(statement):
            totals[uuid] += cents or 0
    return [
        Overcommitted(uuid, allowed[uuid], paid[uuid])
        for uuid in subsidy_uuids
        if allowed[uuid] > paid[uuid]
    ]


def export_subsidies(session: Session, enterprise_uuid: UUID) -> list[SubsidyRecord]:
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
    corrections = _adjustments(session, enterprise_uuid)
    return [
        _subsidy_record(subsidy, by_subsidy[subsidy.uuid], corrections[subsidy.uuid])
        for subsidy in subsidies
    ]


def _adjustments(session: Session, enterprise_uuid: UUID) -> Mapping[UUID, list[Adjustment]]:
    """By subsidy, in the order in which they were entered."""
    rows = session.execute(
        select(LedgerEntry, LedgerAdjustment.reason)
        .join(LedgerAdjustment, LedgerAdjustment.entry_uuid == LedgerEntry.uuid)
        .where(LedgerEntry.enterprise_uuid == enterprise_uuid)
        .order_by(LedgerEntry.created_at, LedgerEntry.effective_at, LedgerEntry.uuid)
    )
    found = defaultdict[UUID, list[Adjustment]](list)
    for entry, reason in rows:
        one = Adjustment(entry.uuid, entry.amount_cents, entry.effective_at, reason)
        found[entry.subsidy_uuid].append(one)
    return found


def _subsidy_record(
    subsidy: Subsidy, entries: Sequence[LedgerEntry], adjustments: Sequence[Adjustment]
) -> SubsidyRecord:
    first = starting_balance_uuid(subsidy.uuid)
    return SubsidyRecord(
        subsidy.uuid,
        subsidy.title,
        subsidy.active_datetime,
        subsidy.expiration_datetime,
        sum(entry.amount_cents for entry in entries if entry.uuid == first),
        [
            Deposit(entry.uuid, entry.amount_cents, entry.effective_at)
            for entry in entries
            if entry.uuid != first
        ],
        adjustments,
    )


def export_policies(session: Session, enterprise_uuid: UUID) -> list[PolicyRecord]:
    """Oldest first."""
    rows = session.execute(
        select(Policy, AssignmentConfiguration)
        .outerjoin(AssignmentConfiguration, AssignmentConfiguration.policy_uuid == Policy.uuid)
        .where(Policy.enterprise_uuid == enterprise_uuid)
        .order_by(Policy.created_at, Policy.uuid)
    )
    found = rows.all()
    groups = groups_of_policies(session.connection(), [policy.uuid for policy, _ in found])
    return [
        _policy_record(policy, configuration, groups.get(policy.uuid, ()))
        for policy, configuration in found
    ]


def get_policy(session: Session, uuid: UUID) -> PolicyRecord:
    """Raises NoResultFound."""
    statement = (
        select(Policy, AssignmentConfiguration)
        .outerjoin(AssignmentConfiguration, AssignmentConfiguration.policy_uuid == Policy.uuid)
        .where(Policy.uuid == uuid)
    )
    groups = groups_of_policies(session.connection(), [uuid])
    return _policy_record(*session.execute(statement).one(), groups.get(uuid, ()))


def _policy_record(
    policy: Policy, configuration: AssignmentConfiguration | None, groups: Sequence[UUID]
) -> PolicyRecord:
    return PolicyRecord(
        policy.uuid,
        policy.policy_type,
        policy.display_name,
        policy.description,
        policy.active,
        policy.retired,
        policy.catalog_uuid,
        policy.subsidy_uuid,
        policy.spend_limit,
        policy.per_learner_enrollment_limit,
        policy.per_learner_spend_limit,
        policy.late_redemption_allowed_until,
        policy.allow_unknown_price,
        groups,
        None
        if configuration is None
        else ConfigurationRecord(configuration.uuid, configuration.active),
    )
