"""Subsidies and policies that are adopted. Of two versions of one, the one changed last counts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.batches import batched
from bursar.credit.adopted.commands import (
    AdoptedEntry,
    AdoptedPolicy,
    AdoptedSubsidy,
    CreditAdoptionRefused,
)
from bursar.credit.models import (
    AssignmentConfiguration,
    LedgerAdjustment,
    LedgerEntry,
    Policy,
    Subsidy,
)
from bursar.credit.policies.for_groups import GROUPS, put_groups
from bursar.credit.policy_types import ASSIGNED
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.declarations import AdoptionOutcome, set_fields

BATCH: Final = 5_000
_OWN: Final = frozenset({"uuid", "enterprise_uuid", "created_at"})
_FOR_GOOD: Final = ("policy_type", "subsidy_uuid")
_COUNTS: Final = tuple(
    column.name for column in AssignmentConfiguration.__table__.c if column.name.endswith("_count")
)


def put_subsidy(session: Session, subsidy: AdoptedSubsidy) -> AdoptionOutcome:
    """Without its money: `put_entries` and `finish_credit` bring that."""
    stored = session.get(Subsidy, subsidy.uuid, populate_existing=True)
    if stored is None:
        session.add(Subsidy(**asdict(subsidy), balance_cents=0, allocated_cents=0))
        session.flush()
        return "created"
    return _brought_up_to_date(session, stored, asdict(subsidy))


def put_policy(
    session: Session,
    policy: AdoptedPolicy,
    configuration: tuple[UUID, bool] | None,
    groups: Sequence[UUID] = (),
) -> AdoptionOutcome:
    """`configuration`: the UUID of what it assigns through, and whether that is active. Only an
    assigned policy has one, and gets one of its own when it names none. `groups`: for whom alone it
    is; without any, those that it has here stay."""
    stored = session.get(Policy, policy.uuid, populate_existing=True)
    if stored is None:
        session.add(
            Policy(**asdict(policy), allow_unknown_price=False, redeemed_cents=0, allocated_cents=0)
        )
        session.flush()
        outcome: AdoptionOutcome = "created"
    else:
        for name in _FOR_GOOD:
            if getattr(stored, name) != getattr(policy, name):
                text = f"policy {policy.uuid}: its {name} is {getattr(stored, name)} here"
                raise CreditAdoptionRefused(text)
        outcome = _brought_up_to_date(session, stored, asdict(policy))
    if policy.policy_type == ASSIGNED:
        _put_configuration(session, policy, configuration)
    if groups and outcome != "kept":
        put_groups(session, session.get_one(Policy, policy.uuid), {GROUPS: groups})
        session.flush()
    return outcome


def _put_configuration(
    session: Session, policy: AdoptedPolicy, configuration: tuple[UUID, bool] | None
) -> None:
    uuid, is_active = configuration or (uuid5(policy.uuid, "assignment_configuration"), True)
    stored = session.scalars(
        select(AssignmentConfiguration).where(AssignmentConfiguration.policy_uuid == policy.uuid)
    ).one_or_none()
    if stored is None:
        if session.get(AssignmentConfiguration, uuid) is not None:
            raise CreditAdoptionRefused(f"assignment configuration {uuid} is another policy's here")
        stored = AssignmentConfiguration(
            uuid=uuid,
            enterprise_uuid=policy.enterprise_uuid,
            policy_uuid=policy.uuid,
            active=is_active,
            **dict.fromkeys(_COUNTS, 0),
        )
        session.add(stored)
    elif stored.uuid != uuid:
        text = f"policy {policy.uuid} assigns through {stored.uuid} here, not through {uuid}"
        raise CreditAdoptionRefused(text)
    stored.active = is_active
    session.flush()


def put_entries(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID,
    subsidy_uuid: UUID,
    entries: Sequence[AdoptedEntry],
) -> Counter[AdoptionOutcome]:
    """Each is entered once, and never changes. Raises CreditAdoptionRefused."""
    stored = _stored_entries(session, [each.uuid for each in entries])
    for each in entries:
        known = stored.get(each.uuid)
        if known is not None and known != (subsidy_uuid, each.kind, each.amount_cents):
            text = f"the entry {each.uuid} of the ledger is another one here"
            raise CreditAdoptionRefused(text)
    new = [each for each in entries if each.uuid not in stored]
    rows = [_entry_row(each, enterprise_uuid, subsidy_uuid) for each in new]
    bulk_insert(session, LedgerEntry, rows)
    reasons = [
        {
            "entry_uuid": each.uuid,
            "enterprise_uuid": enterprise_uuid,
            "reason": each.reason,
            "entered_by": actor.name,
        }
        for each in new
        if each.kind == "adjustment"
    ]
    bulk_insert(session, LedgerAdjustment, reasons)
    outcomes: dict[AdoptionOutcome, int] = {"created": len(new), "unchanged": len(stored)}
    return Counter(outcomes)


def _stored_entries(session: Session, uuids: Sequence[UUID]) -> dict[UUID, tuple[Any, ...]]:
    columns = LedgerEntry.__table__.c
    found: dict[UUID, tuple[Any, ...]] = {}
    for batch in batched(uuids, BATCH):
        statement = select(
            columns.uuid, columns.subsidy_uuid, columns.kind, columns.amount_cents
        ).where(is_any_of(session, LedgerEntry.uuid, batch))
        rows = session.connection().execute(statement)
        found.update((row[0], (row[1], row[2], row[3])) for row in rows)
    return found


def _entry_row(each: AdoptedEntry, enterprise_uuid: UUID, subsidy_uuid: UUID) -> dict[str, Any]:
    return {
        "uuid": each.uuid,
        "enterprise_uuid": enterprise_uuid,
        "subsidy_uuid": subsidy_uuid,
        "policy_uuid": None,
        "transaction_uuid": None,
        "kind": each.kind,
        "amount_cents": each.amount_cents,
        "idempotency_key": each.idempotency_key,
        "effective_at": each.at,
        "created_at": each.at,
    }


def _brought_up_to_date(
    session: Session, stored: Subsidy | Policy, values: dict[str, Any]
) -> AdoptionOutcome:
    if stored.enterprise_uuid != values["enterprise_uuid"]:
        raise CreditAdoptionRefused(f"{stored.uuid} belongs to another enterprise here")
    if stored.modified_at > values["modified_at"]:
        return "kept"
    changes = set_fields(stored, values.keys() - _OWN, values)
    session.flush()
    return "changed" if changes else "unchanged"
