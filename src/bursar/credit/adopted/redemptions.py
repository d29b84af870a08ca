"""Redemptions that are adopted, each with its lines of the ledger."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.credit.adopted.commands import AdoptedTransaction, CreditAdoptionRefused
from bursar.credit.models import LedgerEntry, SubsidyTransaction
from bursar.credit.states import TransactionState
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.database.doors import Door, opened
from bursar.database.types import AnyRow
from bursar.declarations import AdoptionOutcome

BATCH: Final = 5_000
_table: Final = SubsidyTransaction.__table__.c
_FIXED: Final = ("subsidy_uuid", "policy_uuid", "quantity")
_CHANGED: Final = (
    "assignment_uuid",
    "learner_email",
    "lms_user_id",
    "content_key",
    "courserun_key",
    "state",
    "modified_at",
)
_PLAIN: Final = ("uuid", *_FIXED, *_CHANGED, "is_second_payment", "created_at")
_STORED: Final = select(_table.enterprise_uuid, *(_table[name] for name in _PLAIN))
_UPDATE: Final = (
    update(SubsidyTransaction)
    .where(_table.uuid == bindparam("of_uuid"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGED})
)


def put_transactions(
    session: Session, enterprise_uuid: UUID, transactions: Sequence[AdoptedTransaction]
) -> Counter[AdoptionOutcome]:
    """At most BATCH. Raises CreditAdoptionRefused for what contradicts the ledger, which never
    changes."""
    stored = _find(session, [each.uuid for each in transactions])
    outcomes = {each.uuid: _outcome(each, stored, enterprise_uuid) for each in transactions}
    new = [each for each in transactions if outcomes[each.uuid] == "created"]
    changed = [each for each in transactions if outcomes[each.uuid] == "changed"]
    with opened(session, Door.ADOPTION):
        bulk_insert(session, SubsidyTransaction, [_row(each, enterprise_uuid) for each in new])
        if changed:
            session.connection().execute(_UPDATE, [_news(each) for each in changed])
    # Only what was committed here can be reversed since.
    reversed_since = [
        each
        for each in changed
        if each.state is TransactionState.REVERSED and stored[each.uuid].state != each.state.value
    ]
    entries = [entry for each in new for entry in _entries(each, enterprise_uuid)]
    entries += [_reversal(each, enterprise_uuid) for each in reversed_since]
    bulk_insert(session, LedgerEntry, entries)
    return Counter(outcomes.values())


@dataclass(frozen=True, slots=True)
class PaidTransaction:
    """A redemption of which assignments and enrollments may say that it pays for them."""

    state: TransactionState
    policy_uuid: UUID
    assignment_uuid: UUID | None
    quantity: int


def find_transactions(
    session: Session, enterprise_uuid: UUID, uuids: Sequence[UUID]
) -> dict[UUID, PaidTransaction]:
    """Those that the enterprise has."""
    return {
        uuid: PaidTransaction(
            TransactionState(row.state), row.policy_uuid, row.assignment_uuid, row.quantity
        )
        for uuid, row in _find(session, uuids).items()
        if row.enterprise_uuid == enterprise_uuid
    }


def _find(session: Session, uuids: Sequence[UUID]) -> dict[UUID, AnyRow]:
    found: dict[UUID, AnyRow] = {}
    for batch in batched(uuids, BATCH):
        statement = _STORED.where(is_any_of(session, SubsidyTransaction.uuid, batch))
        rows = session.connection().execute(statement)
        found.update((row.uuid, row) for row in rows)
    return found


def _outcome(
    adopted: AdoptedTransaction, stored: dict[UUID, AnyRow], enterprise_uuid: UUID
) -> AdoptionOutcome:
    row = stored.get(adopted.uuid)
    if row is None:
        return "created"
    if row.enterprise_uuid != enterprise_uuid:
        raise CreditAdoptionRefused(f"transaction {adopted.uuid} is another enterprise's here")
    for name in _FIXED:
        if getattr(row, name) != getattr(adopted, name):
            text = f"transaction {adopted.uuid}: its {name} is {getattr(row, name)} here"
            raise CreditAdoptionRefused(text)
    if row.modified_at > adopted.modified_at:
        return "kept"
    if row.state != adopted.state.value and not (
        row.state == TransactionState.COMMITTED.value and adopted.state is TransactionState.REVERSED
    ):
        text = f"transaction {adopted.uuid} is {row.state} here, and cannot become {adopted.state}"
        raise CreditAdoptionRefused(text)
    is_same = all(getattr(row, name) == getattr(adopted, name) for name in _CHANGED)
    return "unchanged" if is_same else "changed"


def _row(each: AdoptedTransaction, enterprise_uuid: UUID) -> dict[str, Any]:
    row = {name: getattr(each, name) for name in _PLAIN}
    return row | {"enterprise_uuid": enterprise_uuid, "state": each.state.value, "error": None}


def _news(each: AdoptedTransaction) -> dict[str, Any]:
    values = {f"new_{name}": getattr(each, name) for name in _CHANGED}
    return values | {"new_state": each.state.value, "of_uuid": each.uuid}


def _entries(each: AdoptedTransaction, enterprise_uuid: UUID) -> Iterator[dict[str, Any]]:
    yield {
        # The other service has one object for the transaction and for its line.
        "uuid": each.uuid,
        "enterprise_uuid": enterprise_uuid,
        "subsidy_uuid": each.subsidy_uuid,
        "policy_uuid": each.policy_uuid,
        "transaction_uuid": each.uuid,
        "kind": "redemption",
        "amount_cents": each.quantity,
        "idempotency_key": each.idempotency_key,
        "effective_at": each.created_at,
        "created_at": each.created_at,
    }
    if each.state in (TransactionState.FAILED, TransactionState.REVERSED):
        yield _reversal(each, enterprise_uuid)


def _reversal(each: AdoptedTransaction, enterprise_uuid: UUID) -> dict[str, Any]:
    at = each.reversed_at or each.modified_at
    return {
        "uuid": each.reversal_uuid,
        "enterprise_uuid": enterprise_uuid,
        "subsidy_uuid": each.subsidy_uuid,
        "policy_uuid": each.policy_uuid,
        "transaction_uuid": each.uuid,
        "kind": "reversal",
        "amount_cents": -each.quantity,
        "idempotency_key": each.reversal_key,
        "effective_at": at,
        "created_at": at,
    }
