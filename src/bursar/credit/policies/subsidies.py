"""Subsidies as an operator declares them, with the money that was paid in."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.batches import batched
from bursar.credit.models import LedgerEntry, Subsidy
from bursar.credit.policies.adjustments import Corrections
from bursar.credit.policies.commands import Deposit, PutSubsidy
from bursar.credit.policies.events import SubsidyChanged, SubsidyCreated, SubsidyDeposited
from bursar.credit.policies.ownership import FIXED, find_owned
from bursar.credit.policies.views import SubsidyDeposit, subsidy_item
from bursar.declarations import (
    DeclarationOutcome,
    DeclarationRefused,
    FieldChanges,
    Fields,
    Problem,
    given,
    missing,
    order_problems,
    outcome_of,
    set_fields,
)
from bursar.events.event import Event
from bursar.events.service import publish

LARGEST_CENTS: Final = 2**63 - 1
_BATCH: Final = 1000
_FIELDS: Final = ("title", "active_datetime", "expiration_datetime")
_DATES: Final = _FIELDS[1:]


def starting_balance_uuid(subsidy_uuid: UUID) -> UUID:
    """The UUID of the first entry in the ledger of a subsidy."""
    return uuid5(subsidy_uuid, "starting_balance")


def put_subsidy(
    session: Session, actor: Actor, command: PutSubsidy, *, at: datetime | None = None
) -> DeclarationOutcome:
    """Creates or changes a subsidy, and books each new deposit and adjustment once, by its uuid.

    They can never be changed. The caller has called `lock_enterprise`. Raises
    DeclarationRefused.
    """
    at = at or clock.now()
    uuid, fields = command.uuid, given(command)
    stored = find_owned(session, Subsidy, uuid, command.enterprise_uuid)
    deposits = _deposits(command, at)
    entries = _entries(session, [starting_balance_uuid(uuid), *deposits])
    new = [deposit for key, deposit in deposits.items() if key not in entries]
    paid = sum((one.amount for one in new), start=stored.balance_cents if stored else 0)
    corrections = Corrections.read(session, command)
    balance = paid + corrections.total
    problems = [*_problems(command, stored, entries, fields, max(paid, balance))]
    problems += corrections.problems(balance, stored.allocated_cents if stored else 0)
    if problems:
        raise DeclarationRefused(problems)
    is_new = stored is None
    subsidy = stored or _create(session, command, fields, at)
    changes = _initial(subsidy) if is_new else set_fields(subsidy, _FIELDS, fields)
    outcome = outcome_of(is_new=is_new, is_changed=bool(changes or new or corrections.new))
    if outcome != "unchanged":
        subsidy.modified_at = at
        before, subsidy.balance_cents = subsidy.balance_cents, balance
        session.add_all(_entry(subsidy, deposit, at) for deposit in new)
        session.flush()
        corrections.enter(session, actor, subsidy, at)
        news = list(_news(subsidy, changes, before, new, is_new=is_new, at=at))
        news += corrections.news(subsidy, paid, at)
        publish(session, actor, news, at=at)
    return outcome


def _deposits(command: PutSubsidy, at: datetime) -> dict[UUID, Deposit]:
    """The deposits that the ledger must contain, by the uuid of the entry."""
    deposits = {deposit.uuid: deposit for deposit in command.deposits}
    if not isinstance(command.starting_balance, int):
        return deposits
    first = starting_balance_uuid(command.uuid)
    # What is spent from a subsidy that is active already was there before it.
    since = command.active_datetime
    date = min(at, since) if isinstance(since, datetime) else at
    return {**deposits, first: Deposit(first, command.starting_balance, date)}


def _problems(
    command: PutSubsidy,
    stored: Subsidy | None,
    entries: Mapping[UUID, LedgerEntry],
    fields: Fields,
    balance: int,
) -> Iterator[Problem]:
    yield from missing(("starting_balance", *_DATES), fields, is_new=stored is None)
    yield from order_problems(*_DATES, stored, fields)
    first = entries.get(starting_balance_uuid(command.uuid))
    amount = fields.get("starting_balance")
    if first is not None and amount not in {None, first.amount_cents}:
        yield "starting_balance", f"{FIXED}, it is {first.amount_cents}: add a deposit instead"
    yield from _deposit_problems(command, entries)
    if balance > LARGEST_CENTS:
        yield "deposits", "more money than a subsidy can hold"


def _deposit_problems(
    command: PutSubsidy, entries: Mapping[UUID, LedgerEntry]
) -> Iterator[Problem]:
    for index, deposit in enumerate(command.deposits):
        place = f"deposits[{index}]"
        entry = entries.get(deposit.uuid)
        if deposit.uuid == starting_balance_uuid(command.uuid):
            yield f"{place}.uuid", "is that of the starting balance"
        elif entry is None:
            continue
        elif entry.subsidy_uuid != command.uuid or entry.kind != "deposit":
            yield f"{place}.uuid", "already used in the ledger of another subsidy"
        else:
            yield from _differences(place, entry, deposit)


def _differences(place: str, entry: LedgerEntry, deposit: Deposit) -> Iterator[Problem]:
    if entry.amount_cents != deposit.amount:
        yield f"{place}.amount", f"{FIXED}, it is {entry.amount_cents}"
    if entry.effective_at != deposit.date:
        yield f"{place}.date", f"{FIXED}, it is {entry.effective_at.isoformat()}"


def _entries(session: Session, uuids: Sequence[UUID]) -> dict[UUID, LedgerEntry]:
    entries: dict[UUID, LedgerEntry] = {}
    for batch in batched(uuids, _BATCH):
        found = session.scalars(select(LedgerEntry).where(LedgerEntry.uuid.in_(batch)))
        entries |= {entry.uuid: entry for entry in found}
    return entries


def _create(session: Session, command: PutSubsidy, fields: Fields, at: datetime) -> Subsidy:
    subsidy = Subsidy(
        uuid=command.uuid,
        enterprise_uuid=command.enterprise_uuid,
        title=fields.get("title", ""),
        active_datetime=fields["active_datetime"],
        expiration_datetime=fields["expiration_datetime"],
        balance_cents=0,
        allocated_cents=0,
        created_at=at,
        modified_at=at,
    )
    session.add(subsidy)
    session.flush()  # The subsidy is written before its ledger, which refers to it.
    return subsidy


def _entry(subsidy: Subsidy, deposit: Deposit, at: datetime) -> LedgerEntry:
    return LedgerEntry(
        uuid=deposit.uuid,
        enterprise_uuid=subsidy.enterprise_uuid,
        subsidy_uuid=subsidy.uuid,
        policy_uuid=None,
        transaction_uuid=None,
        kind="deposit",
        amount_cents=deposit.amount,
        effective_at=deposit.date,
        created_at=at,
    )


def _initial(subsidy: Subsidy) -> FieldChanges:
    return {name: (None, getattr(subsidy, name)) for name in _FIELDS}


def _news(
    subsidy: Subsidy,
    changes: FieldChanges,
    balance: int,
    deposits: Sequence[Deposit],
    *,
    is_new: bool,
    at: datetime,
) -> Iterator[Event]:
    """`balance` is what the subsidy held before the deposits, in cents."""
    item = subsidy_item(subsidy, at)
    if changes:
        yield (SubsidyCreated if is_new else SubsidyChanged)(
            object_id=subsidy.uuid,
            enterprise_uuid=subsidy.enterprise_uuid,
            changes=changes,
            data=item,
            is_first=is_new,
        )
    for deposit in deposits:
        yield SubsidyDeposited(
            object_id=subsidy.uuid,
            enterprise_uuid=subsidy.enterprise_uuid,
            changes={"current_balance": (balance, balance + deposit.amount)},
            data=SubsidyDeposit(item, deposit.uuid, deposit.amount),
        )
        balance += deposit.amount
