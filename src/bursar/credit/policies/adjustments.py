"""Corrections of a subsidy's balance: entries of either sign, each with a reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.credit.models import LedgerAdjustment, LedgerEntry, Subsidy
from bursar.credit.policies.commands import Adjustment, PutSubsidy
from bursar.credit.policies.events import SubsidyAdjusted
from bursar.credit.policies.ownership import FIXED
from bursar.credit.policies.views import SubsidyAdjustment, subsidy_item
from bursar.declarations import Problem
from bursar.events.event import Event

KIND = "adjustment"


@dataclass(frozen=True, slots=True)
class Corrections:
    """The adjustments of a command: those that the ledger has, and those that are new."""

    command: PutSubsidy
    known: dict[object, tuple[LedgerEntry, LedgerAdjustment | None]]
    new: Sequence[Adjustment]

    @classmethod
    def read(cls, session: Session, command: PutSubsidy) -> Self:
        declared = {one.uuid: one for one in command.adjustments}
        statement = (
            select(LedgerEntry, LedgerAdjustment)
            .outerjoin(LedgerAdjustment, LedgerAdjustment.entry_uuid == LedgerEntry.uuid)
            .where(LedgerEntry.uuid.in_(declared))
        )
        known: dict[object, tuple[LedgerEntry, LedgerAdjustment | None]] = {
            entry.uuid: (entry, why) for entry, why in session.execute(statement)
        }
        return cls(command, known, [one for uuid, one in declared.items() if uuid not in known])

    @property
    def total(self) -> int:
        """Cents that the new adjustments add."""
        return sum(one.amount for one in self.new)

    def problems(self, balance: int, allocated: int) -> Iterator[Problem]:
        """`balance` is what the subsidy would hold, in cents; what is allocated must stay there."""
        for index, one in enumerate(self.command.adjustments):
            yield from self._problems_of(f"adjustments[{index}]", one)
        if self.new and balance < allocated:
            held = balance - self.total
            yield (
                "adjustments",
                f"would leave {balance} cents, and {allocated} are allocated: "
                f"no more than {max(0, held - allocated)} can be taken",
            )

    def _problems_of(self, place: str, one: Adjustment) -> Iterator[Problem]:
        if one.uuid not in self.known:
            return
        entry, why = self.known[one.uuid]
        if entry.subsidy_uuid != self.command.uuid or entry.kind != KIND or why is None:
            yield f"{place}.uuid", "already used by another entry of a ledger"
            return
        if entry.amount_cents != one.amount:
            yield f"{place}.amount", f"{FIXED}, it is {entry.amount_cents}"
        if entry.effective_at != one.date:
            yield f"{place}.date", f"{FIXED}, it is {entry.effective_at.isoformat()}"

    def enter(self, session: Session, actor: Actor, subsidy: Subsidy, at: datetime) -> None:
        """Writes the new entries; the caller has locked the subsidy and changes its balance."""
        session.add_all(_entry(subsidy, one, at) for one in self.new)
        session.flush()  # The entries are written before the reasons, which refer to them.
        session.add_all(
            LedgerAdjustment(
                entry_uuid=one.uuid,
                enterprise_uuid=subsidy.enterprise_uuid,
                reason=one.reason,
                entered_by=actor.name,
            )
            for one in self.new
        )
        session.flush()

    def news(self, subsidy: Subsidy, balance: int, at: datetime) -> Iterator[Event]:
        """`balance` is what the subsidy held before the adjustments, in cents."""
        item = subsidy_item(subsidy, at)
        for one in self.new:
            yield SubsidyAdjusted(
                object_id=subsidy.uuid,
                enterprise_uuid=subsidy.enterprise_uuid,
                changes={"current_balance": (balance, balance + one.amount)},
                data=SubsidyAdjustment(item, one.uuid, one.amount, one.reason),
            )
            balance += one.amount


def _entry(subsidy: Subsidy, one: Adjustment, at: datetime) -> LedgerEntry:
    return LedgerEntry(
        uuid=one.uuid,
        enterprise_uuid=subsidy.enterprise_uuid,
        subsidy_uuid=subsidy.uuid,
        policy_uuid=None,
        transaction_uuid=None,
        kind=KIND,
        amount_cents=one.amount,
        effective_at=one.date,
        created_at=at,
    )
