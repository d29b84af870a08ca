"""Subsidies as an operator declares them, with the money that was paid in."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.audit.service import Change, record
from bursar.batches import batched
from bursar.credit.assignments.deadlines import refresh_subsidy
from bursar.credit.models import LedgerEntry, Subsidy
from bursar.credit.policies.declarations import (
    FIXED,
    Outcome,
    Problem,
    Refused,
    missing,
    outcome_of,
    owned,
    set_fields,
)

LARGEST_CENTS: Final = 2**63 - 1
_BATCH: Final = 1000
_FIELDS: Final = ("title", "active_datetime", "expiration_datetime")
_DATES: Final = _FIELDS[1:]


def starting_balance_uuid(subsidy_uuid: UUID) -> UUID:
    """Of the first entry in its ledger."""
    return uuid5(subsidy_uuid, "starting_balance")


def put_subsidy(
    session: Session,
    actor: Actor,
    *,
    uuid: UUID,
    enterprise_uuid: UUID,
    fields: Mapping[str, Any],
    now: datetime,
) -> Outcome:
    """Creates or changes a subsidy, and enters each deposit once; absent fields stay.

    `deposits` are mappings with uuid, amount in cents and date. Raises Refused. The caller has
    called `lock_enterprise`.
    """
    stored = owned(session, Subsidy, uuid, enterprise_uuid)
    deposits = _deposits(uuid, fields, now)
    entries = _entries(session, [starting_balance_uuid(uuid), *deposits])
    new = [deposit for key, deposit in deposits.items() if key not in entries]
    balance = sum((one["amount"] for one in new), start=stored.balance_cents if stored else 0)
    if problems := list(_problems(uuid, stored, entries, fields, balance)):
        raise Refused(problems)
    is_new = stored is None
    subsidy = stored or _create(session, uuid, enterprise_uuid, fields, now)
    changed = sorted(fields.keys() & {*_FIELDS}) if is_new else set_fields(subsidy, _FIELDS, fields)
    outcome = outcome_of(is_new=is_new, is_changed=bool(changed or new))
    if outcome != "unchanged":
        subsidy.modified_at = now
        subsidy.balance_cents = balance
        session.add_all(_entry(subsidy, deposit, now) for deposit in new)
        session.flush()
        record(session, actor, list(_changes(subsidy, outcome, changed, new)))
    if not is_new and "expiration_datetime" in changed:
        refresh_subsidy(session, uuid, now)
    return outcome


def _deposits(
    subsidy_uuid: UUID, fields: Mapping[str, Any], now: datetime
) -> dict[UUID, Mapping[str, Any]]:
    """What the ledger is to hold, by the entry's uuid."""
    deposits = {deposit["uuid"]: deposit for deposit in fields.get("deposits", ())}
    amount = fields.get("starting_balance")
    if amount is None:
        return deposits
    first = starting_balance_uuid(subsidy_uuid)
    return {**deposits, first: {"uuid": first, "amount": amount, "date": now}}


def _problems(
    uuid: UUID,
    stored: Subsidy | None,
    entries: Mapping[UUID, LedgerEntry],
    fields: Mapping[str, Any],
    balance: int,
) -> Iterator[Problem]:
    yield from missing(("starting_balance", *_DATES), fields, is_new=stored is None)
    yield from _order_problems(stored, fields)
    first = entries.get(starting_balance_uuid(uuid))
    amount = fields.get("starting_balance")
    if first is not None and amount not in {None, first.amount_cents}:
        yield "starting_balance", f"{FIXED}, it is {first.amount_cents}: add a deposit instead"
    yield from _deposit_problems(uuid, entries, fields)
    if balance > LARGEST_CENTS:
        yield "deposits", "more money than a subsidy can hold"


def _order_problems(stored: Subsidy | None, fields: Mapping[str, Any]) -> Iterator[Problem]:
    begin, end = (fields.get(name) or getattr(stored, name, None) for name in _DATES)
    if begin is None or end is None or begin < end:
        return
    if "expiration_datetime" in fields:
        yield "expiration_datetime", "must be later than active_datetime"
    else:
        yield "active_datetime", "must be earlier than expiration_datetime"


def _deposit_problems(
    subsidy_uuid: UUID, entries: Mapping[UUID, LedgerEntry], fields: Mapping[str, Any]
) -> Iterator[Problem]:
    for index, deposit in enumerate(fields.get("deposits", ())):
        place = f"deposits[{index}]"
        entry = entries.get(deposit["uuid"])
        if deposit["uuid"] == starting_balance_uuid(subsidy_uuid):
            yield f"{place}.uuid", "is that of the starting balance"
        elif entry is None:
            continue
        elif entry.subsidy_uuid != subsidy_uuid or entry.kind != "deposit":
            yield f"{place}.uuid", "already used in the ledger of another subsidy"
        else:
            yield from _differences(place, entry, deposit)


def _differences(place: str, entry: LedgerEntry, deposit: Mapping[str, Any]) -> Iterator[Problem]:
    if entry.amount_cents != deposit["amount"]:
        yield f"{place}.amount", f"{FIXED}, it is {entry.amount_cents}"
    if entry.effective_at != deposit["date"]:
        yield f"{place}.date", f"{FIXED}, it is {entry.effective_at.isoformat()}"


def _entries(session: Session, uuids: Sequence[UUID]) -> dict[UUID, LedgerEntry]:
    entries: dict[UUID, LedgerEntry] = {}
    for batch in batched(uuids, _BATCH):
        found = session.scalars(select(LedgerEntry).where(LedgerEntry.uuid.in_(batch)))
        entries |= {entry.uuid: entry for entry in found}
    return entries


def _create(
    session: Session,
    uuid: UUID,
    enterprise_uuid: UUID,
    fields: Mapping[str, Any],
    now: datetime,
) -> Subsidy:
    subsidy = Subsidy(
        uuid=uuid,
        enterprise_uuid=enterprise_uuid,
        title=fields.get("title", ""),
        active_datetime=fields["active_datetime"],
        expiration_datetime=fields["expiration_datetime"],
        balance_cents=0,
        allocated_cents=0,
        created_at=now,
        modified_at=now,
    )
    session.add(subsidy)
    session.flush()  # before its ledger, which refers to it
    return subsidy


def _entry(subsidy: Subsidy, deposit: Mapping[str, Any], now: datetime) -> LedgerEntry:
    return LedgerEntry(
        uuid=deposit["uuid"],
        enterprise_uuid=subsidy.enterprise_uuid,
        subsidy_uuid=subsidy.uuid,
        policy_uuid=None,
        transaction_uuid=None,
        kind="deposit",
        amount_cents=deposit["amount"],
        effective_at=deposit["date"],
        created_at=now,
    )


def _changes(
    subsidy: Subsidy,
    outcome: Outcome,
    changed: Sequence[str],
    deposits: Sequence[Mapping[str, Any]],
) -> Iterator[Change]:
    kind, uuid, owner = "subsidy", str(subsidy.uuid), subsidy.enterprise_uuid
    if outcome == "created" or changed:
        yield Change(f"subsidy.{outcome}", kind, uuid, owner, {"fields": list(changed)})
    for deposit in deposits:
        details = {"deposit": str(deposit["uuid"]), "amount_cents": deposit["amount"]}
        yield Change("subsidy.deposited", kind, uuid, owner, details)
