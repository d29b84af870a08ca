"""The ledger of a subsidy: deposits, adjustments, redemptions and what was given back."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from bursar.adopting.edx_enterprise import USER, UserFields
from bursar.adopting.enterprise_access import ASSIGNMENT, AssignmentFields
from bursar.adopting.enterprise_subsidy import (
    ADJUSTMENT,
    DEPOSIT,
    REVERSAL,
    TRANSACTION,
    AdjustmentFields,
    ReversalFields,
    TransactionFields,
)
from bursar.adopting.run import EnterpriseRun
from bursar.adopting.staging import Staged
from bursar.adopting.subsidies import TakenSubsidy
from bursar.batches import batched
from bursar.credit.adopted import service as credit
from bursar.credit.adopted.service import AdoptedEntry, AdoptedTransaction, CreditAdoptionRefused
from bursar.credit.states import TransactionState
from bursar.declarations import AdoptionOutcome
from bursar.emails import normalised, retired_address

BATCH: Final = 5_000
_OBSTACLE: Final = "ledger"
_UNDER_WAY: Final = ("created", "pending")
_LINKED: Final = ("accepted", "reversed", "allocated")
"""The states in which an assignment names the transaction that pays for it."""
_JOINED: Final = (
    "SELECT t.pk, t.fields, t.file, t.number, d.pk, "  # noqa: S608 - names of ours
    + ", ".join(f"{one}.pk, {one}.fields, {one}.file, {one}.number" for one in "vjau")
    + f" FROM {TRANSACTION.table} t LEFT JOIN {DEPOSIT.table} d ON d.parent = t.pk"
    f" LEFT JOIN {REVERSAL.table} v ON v.parent = t.pk"
    f" LEFT JOIN {ADJUSTMENT.table} j ON j.parent = t.pk"
    f" LEFT JOIN {ASSIGNMENT.table} a ON a.link = t.pk"
    f" LEFT JOIN {USER.table} u ON u.pk = t.link"
    " WHERE t.parent = ? ORDER BY t.parent, t.pk"
)


@dataclass(frozen=True, slots=True)
class _Line:
    dumped: Staged[TransactionFields]
    is_deposit: bool
    reversal: Staged[ReversalFields] | None
    adjustment: AdjustmentFields | None
    assignment: Staged[AssignmentFields] | None
    account: UserFields | None


@dataclass(slots=True)
class LedgerRun:
    """The ledger of one subsidy. The numbers are complete after `adopt`; all are cents."""

    run: EnterpriseRun
    subsidy: TakenSubsidy
    seats: set[int]
    """What was paid for until now in the enterprise: hashes of a run with an address or account."""
    theirs: int = 0
    by_choice: int = 0
    spent: Counter[UUID] = field(default_factory=Counter)
    """By policy."""
    spent_by_choice: Counter[UUID] = field(default_factory=Counter)

    def adopt(self) -> bool:
        """Whether anything was made or changed."""
        entries: Counter[AdoptionOutcome] = Counter()
        redemptions: Counter[AdoptionOutcome] = Counter()
        ledger = self.subsidy.dumped.fields.ledger
        try:
            for lines in batched(self._lines(ledger), BATCH):
                made = [each for line in lines for each in self._booked(line)]
                entries += credit.put_entries(
                    self.run.session,
                    self.run.actor,
                    self.run.enterprise_uuid,
                    self.subsidy.dumped.uuid,
                    [each for each in made if isinstance(each, AdoptedEntry)],
                )
                redemptions += credit.put_transactions(
                    self.run.session,
                    self.run.enterprise_uuid,
                    [each for each in made if isinstance(each, AdoptedTransaction)],
                )
        except CreditAdoptionRefused as error:
            self.run.findings.obstacle(_OBSTACLE, f"{self.subsidy.dumped.name}: {error}")
        self.run.count("deposits and adjustments", entries)
        self.run.count("redemptions", redemptions)
        return any(each["created"] or each["changed"] for each in (entries, redemptions))

    def _lines(self, ledger: UUID | None) -> Iterator[_Line]:
        decoded, last = self.run.staging.decoded, ""
        for row in self.run.staging.rows(_JOINED, (str(ledger),)):
            if row[0] == last:  # Two assignments name it; the first counts.
                continue
            last = row[0]
            reversal, adjustment, assignment, user = (
                row[start : start + 4] for start in range(5, 21, 4)
            )
            yield _Line(
                decoded(TRANSACTION, row[:4]),
                row[4] is not None,
                None if reversal[0] is None else decoded(REVERSAL, reversal),
                None if adjustment[0] is None else decoded(ADJUSTMENT, adjustment).fields,
                None if assignment[0] is None else decoded(ASSIGNMENT, assignment),
                None if user[0] is None else decoded(USER, user).fields,
            )

    def _booked(self, line: _Line) -> Iterator[AdoptedEntry | AdoptedTransaction]:
        fields = line.dumped.fields
        state = self._state(line)
        if state is None:
            return
        self._count_theirs(line)
        if fields.quantity <= 0 and line.adjustment is None and not line.is_deposit:
            policy = fields.subsidy_access_policy_uuid
            if policy is not None and policy in self.run.policies and fields.content_key:
                yield from self._redemption(line, state, policy)
                return
            if state is TransactionState.FAILED:
                return
            text = f"{line.dumped.name}: {fields.quantity} cents of no policy that is adopted"
            self.run.findings.decide("transaction_without_policy", line.dumped.uuid, text)
            self._spent_by_nobody(line)
        if state is not TransactionState.FAILED:
            yield from self._entry(line)

    def _state(self, line: _Line) -> TransactionState | None:
        said, name = line.dumped.fields.state, line.dumped.name
        if said in _UNDER_WAY:
            text = f"{name}: it is {said}, neither committed nor failed"
            word = self.run.findings.decide("transaction_under_way", line.dumped.uuid, text)
            if word == "fail":
                self._take_back(line, -_moved(line))
                return TransactionState.FAILED
        elif said == TransactionState.FAILED.value:
            return TransactionState.FAILED
        elif said != TransactionState.COMMITTED.value:
            self.run.findings.obstacle(_OBSTACLE, f"{name}: there is no state {said}")
            return None
        if line.reversal is None:
            return TransactionState.COMMITTED
        is_whole = line.reversal.fields.quantity == -line.dumped.fields.quantity
        return TransactionState.REVERSED if is_whole else TransactionState.COMMITTED

    def _count_theirs(self, line: _Line) -> None:
        if line.dumped.fields.state == TransactionState.FAILED.value:
            return
        self.theirs += _moved(line)
        if (policy := line.dumped.fields.subsidy_access_policy_uuid) is not None:
            self.spent[policy] -= _moved(line)

    def _take_back(self, line: _Line, cents: int) -> None:
        self.by_choice += cents
        if (policy := line.dumped.fields.subsidy_access_policy_uuid) is not None:
            self.spent_by_choice[policy] -= cents

    def _spent_by_nobody(self, line: _Line) -> None:
        if (policy := line.dumped.fields.subsidy_access_policy_uuid) is not None:
            self.spent_by_choice[policy] += _moved(line)

    def _entry(self, line: _Line) -> Iterator[AdoptedEntry]:
        """What is no redemption, and what of it was taken back."""
        fields, is_correction = line.dumped.fields, line.adjustment is not None
        is_deposit = fields.quantity >= 0 and not is_correction
        reason = _reason(line.adjustment) if line.adjustment else "a transaction without a policy"
        if fields.quantity or is_deposit:
            yield AdoptedEntry(
                uuid=line.dumped.uuid,
                kind="deposit" if is_deposit else "adjustment",
                amount_cents=fields.quantity,
                at=fields.created,
                idempotency_key=fields.idempotency_key,
                reason=reason,
            )
        if line.reversal is not None and line.reversal.fields.quantity:
            yield _given_back(line.reversal)

    def _redemption(
        self, line: _Line, state: TransactionState, policy: UUID
    ) -> Iterator[AdoptedEntry | AdoptedTransaction]:
        reversal = line.reversal
        is_partial = state is TransactionState.COMMITTED and reversal is not None
        if is_partial and reversal is not None and reversal.fields.quantity:
            text = (
                f"{reversal.name}: it gives back {reversal.fields.quantity} of"
                f" {-line.dumped.fields.quantity} cents"
            )
            self.run.findings.decide("partial_reversal", reversal.uuid, text)
            self.spent_by_choice[policy] += reversal.fields.quantity
            yield _given_back(reversal)
        yield self._transaction(line, state, policy)

    def _transaction(
        self, line: _Line, state: TransactionState, policy: UUID
    ) -> AdoptedTransaction:
        fields, uuid = line.dumped.fields, line.dumped.uuid
        content_key, email = fields.content_key or "", _address(line)
        tombstone = self.run.tombstone_of(email)
        given_back = line.reversal if state is TransactionState.REVERSED else None
        is_committed = state is TransactionState.COMMITTED
        return AdoptedTransaction(
            uuid=uuid,
            subsidy_uuid=self.subsidy.dumped.uuid,
            policy_uuid=policy,
            assignment_uuid=_assignment_of(line, state),
            learner_email=tombstone or email,
            lms_user_id=None if tombstone else fields.lms_user_id,
            content_key=content_key,
            courserun_key=content_key,
            quantity=fields.quantity,
            state=state,
            is_second_payment=is_committed
            and self._is_paid(content_key, email, fields.lms_user_id),
            idempotency_key=fields.idempotency_key,
            reversal_uuid=uuid5(uuid, "failed") if given_back is None else given_back.uuid,
            reversal_key=None if given_back is None else given_back.fields.idempotency_key,
            reversed_at=None if given_back is None else given_back.fields.created,
            created_at=fields.created,
            modified_at=_modified(line),
        )

    def _is_paid(self, run_key: str, email: str, account: int | None) -> bool:
        """Whether an earlier redemption of the enterprise pays for the seat. Notes that this one
        does otherwise."""
        named = [hash((run_key, email))]
        if account is not None:
            named.append(hash((run_key, account)))
        if any(each in self.seats for each in named):
            text = f"{email} has paid for {run_key} twice; `bursar check` says what mends it"
            self.run.findings.note(_OBSTACLE, text)
            return True
        self.seats.update(named)
        return False


def _moved(line: _Line) -> int:
    """What a transaction and its reversal add to the balance."""
    back = 0 if line.reversal is None else line.reversal.fields.quantity
    return line.dumped.fields.quantity + back


def _modified(line: _Line) -> datetime:
    if line.reversal is None:
        return line.dumped.fields.modified
    return max(line.dumped.fields.modified, line.reversal.fields.modified)


def _given_back(reversal: Staged[ReversalFields]) -> AdoptedEntry:
    return AdoptedEntry(
        uuid=reversal.uuid,
        kind="adjustment",
        amount_cents=reversal.fields.quantity,
        at=reversal.fields.created,
        idempotency_key=reversal.fields.idempotency_key,
        reason=f"reversal of transaction {reversal.fields.transaction}",
    )


def _reason(adjustment: AdjustmentFields) -> str:
    return f"{adjustment.reason}: {adjustment.notes}" if adjustment.notes else adjustment.reason


def _assignment_of(line: _Line, state: TransactionState) -> UUID | None:
    if state is TransactionState.FAILED or line.assignment is None:
        return None
    return line.assignment.uuid if line.assignment.fields.state in _LINKED else None


def _address(line: _Line) -> str:
    said = line.dumped.fields.lms_user_email
    if not said and line.account is not None:
        said = line.account.email
    if not said and line.assignment is not None:
        said = line.assignment.fields.learner_email
    return normalised(said) if said else retired_address(line.dumped.uuid)
