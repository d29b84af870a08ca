"""The ledger of a subsidy as people read it: every entry, with the balance that it left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, func, select

from bursar.credit.models import LedgerAdjustment, LedgerEntry, Policy, Subsidy, SubsidyTransaction
from bursar.pages import Page, PageRequest

_entry, _subsidy = LedgerEntry.__table__.c, Subsidy.__table__.c
_transaction, _policy = SubsidyTransaction.__table__.c, Policy.__table__.c
_adjustment: Final = LedgerAdjustment.__table__.c
# A deposit may be dated before it was written, and what it pays for must not stand below it.
_NEWEST_FIRST: Final = (
    _entry.effective_at.desc(),
    _entry.created_at.desc(),
    _entry.uuid.desc(),
)


@dataclass(frozen=True, slots=True)
class SubsidyBalance:
    """Amounts are cents."""

    uuid: UUID
    title: str
    balance: int
    promised: int
    active_datetime: datetime
    expiration_datetime: datetime


@dataclass(frozen=True, slots=True)
class LedgerLine:
    uuid: UUID
    kind: str
    amount: int
    """Cents; either sign."""
    balance: int
    """Of the subsidy after this entry."""
    at: datetime
    transaction_uuid: UUID | None
    transaction_state: str | None
    learner_email: str | None
    content_key: str | None
    budget: str | None
    """What the policy is called."""
    reason: str | None
    """Of an adjustment."""


def list_subsidies(connection: Connection, enterprise_uuid: UUID) -> list[SubsidyBalance]:
    """The newest first."""
    rows = connection.execute(
        select(
            _subsidy.uuid,
            _subsidy.title,
            _subsidy.balance_cents,
            _subsidy.allocated_cents,
            _subsidy.active_datetime,
            _subsidy.expiration_datetime,
        )
        .where(_subsidy.enterprise_uuid == enterprise_uuid)
        .order_by(_subsidy.created_at.desc(), _subsidy.uuid)
    )
    return [SubsidyBalance(*row) for row in rows]


def ledger_page(
    connection: Connection, subsidy: SubsidyBalance, wanted: PageRequest
) -> tuple[Page, Sequence[LedgerLine]]:
    """The newest first. Raises PageOutOfRange.

    The balance of a line is that of the subsidy without what came later, which is summed up and
    not read. The connection must be in a snapshot that `subsidy` was read in.
    """
    mine = _entry.subsidy_uuid == subsidy.uuid
    count = connection.execute(select(func.count()).where(mine)).scalar_one()
    page = wanted.within(count)
    later = (
        select(_entry.amount_cents).where(mine).order_by(*_NEWEST_FIRST).limit(page.start)
    ).subquery()
    left: int = subsidy.balance
    if page.start:
        left -= int(connection.execute(select(func.sum(later.c.amount_cents))).scalar_one() or 0)
    rows = connection.execute(
        select(
            _entry.uuid,
            _entry.kind,
            _entry.amount_cents,
            _entry.effective_at,
            _entry.transaction_uuid,
            _transaction.state,
            _transaction.learner_email,
            _transaction.content_key,
            _policy.display_name,
            _adjustment.reason,
        )
        .select_from(LedgerEntry.__table__)
        .outerjoin(SubsidyTransaction.__table__, _transaction.uuid == _entry.transaction_uuid)
        .outerjoin(Policy.__table__, _policy.uuid == _entry.policy_uuid)
        .outerjoin(LedgerAdjustment.__table__, _adjustment.entry_uuid == _entry.uuid)
        .where(mine)
        .order_by(*_NEWEST_FIRST)
        .offset(page.start)
        .limit(page.size)
    ).all()
    lines = []
    for uuid, kind, amount, *others in rows:
        lines.append(LedgerLine(uuid, kind, amount, left, *others))
        left -= amount
    return page, lines
