"""Learner credit put straight into the tables, with totals and counts that are consistent."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlalchemy.orm import Session

from bursar.catalog.catalogs.models import Catalog
from bursar.credit.assignments.rules import DAYS_TO_REDEEM, NINETY_DAYS_PASSED, SORT_ORDER
from bursar.credit.ledger.service import counted_as
from bursar.credit.models import (
    Assignment,
    AssignmentAction,
    AssignmentConfiguration,
    LedgerEntry,
    Policy,
    Subsidy,
    SubsidyTransaction,
)
from bursar.credit.policy_types import ASSIGNED
from bursar.credit.states import AssignmentState, LearnerState, TransactionState
from bursar.database.bulk import bulk_insert
from bursar.identity.models import Enterprise

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
_numbers = count(1)

Kind = tuple[AssignmentState, LearnerState | None]
KINDS: tuple[Kind, ...] = (
    (AssignmentState.ALLOCATED, LearnerState.NOTIFYING),
    (AssignmentState.ALLOCATED, LearnerState.WAITING),
    (AssignmentState.ALLOCATED, LearnerState.FAILED),
    (AssignmentState.ACCEPTED, None),
    (AssignmentState.CANCELLED, None),
    (AssignmentState.ERRORED, LearnerState.FAILED),
    (AssignmentState.EXPIRED, LearnerState.EXPIRED),
    (AssignmentState.REVERSED, None),
)
PAID = (AssignmentState.ACCEPTED, AssignmentState.REVERSED)


def enterprise(session: Session, slug: str = "acme", **fields: Any) -> UUID:
    """With the catalog of `catalog_of`."""
    uuid = fields.pop("uuid", None) or uuid4()
    session.add(
        Enterprise(
            uuid=uuid,
            name=slug.title(),
            slug=slug,
            country=None,
            contact_email=None,
            created_at=NOW,
            modified_at=NOW,
            **fields,
        )
    )
    session.flush()
    catalog(session, uuid)
    return uuid


def catalog(session: Session, uuid: UUID) -> None:
    """The catalog that the budgets of an enterprise spend in."""
    session.add(
        Catalog(
            uuid=catalog_of(uuid),
            enterprise_uuid=uuid,
            title="Everything",
            query_uuid=None,
            query_title=None,
            query_since=NOW,
            include_exec_ed_2u_courses=False,
            created_at=NOW,
            modified_at=NOW,
        )
    )
    session.flush()


def catalog_of(enterprise_uuid: UUID) -> UUID:
    return UUID(int=enterprise_uuid.int ^ 1)


def subsidy(session: Session, enterprise_uuid: UUID, deposit: int = 10**9, **fields: Any) -> UUID:
    """With its deposit in the ledger."""
    uuid = uuid4()
    columns = {
        "title": "Learner credit",
        "active_datetime": NOW - 100 * DAY,
        "expiration_datetime": NOW + 600 * DAY,
        "balance_cents": deposit,
        "allocated_cents": 0,
        "created_at": NOW,
        "modified_at": NOW,
    }
    session.add(Subsidy(uuid=uuid, enterprise_uuid=enterprise_uuid, **(columns | fields)))
    session.flush()
    session.add(
        LedgerEntry(
            uuid=uuid4(),
            enterprise_uuid=enterprise_uuid,
            subsidy_uuid=uuid,
            policy_uuid=None,
            transaction_uuid=None,
            kind="deposit",
            amount_cents=deposit,
            effective_at=NOW,
            created_at=NOW,
        )
    )
    session.flush()
    return uuid


def policy(session: Session, enterprise_uuid: UUID, subsidy_uuid: UUID, **fields: Any) -> UUID:
    """Without a configuration."""
    uuid = fields.pop("uuid", None) or uuid4()
    columns = {
        "policy_type": ASSIGNED,
        "display_name": "A budget",
        "description": "For learning",
        "active": True,
        "retired": False,
        "catalog_uuid": catalog_of(enterprise_uuid),
        "spend_limit": None,
        "per_learner_enrollment_limit": None,
        "per_learner_spend_limit": None,
        "late_redemption_allowed_until": None,
        "redeemed_cents": 0,
        "allocated_cents": 0,
        "created_at": NOW,
        "modified_at": NOW,
    }
    session.add(
        Policy(
            uuid=uuid,
            enterprise_uuid=enterprise_uuid,
            subsidy_uuid=subsidy_uuid,
            **(columns | fields),
        )
    )
    session.flush()
    return uuid


@dataclass(frozen=True)
class Configuration:
    """What is needed to add assignments to it."""

    uuid: UUID
    enterprise_uuid: UUID
    subsidy_uuid: UUID
    policy_uuid: UUID


def configuration(session: Session, policy_uuid: UUID) -> Configuration:
    owner = session.get_one(Policy, policy_uuid)
    counts = {counted_as(*kind): 0 for kind in KINDS}
    uuid = uuid4()
    session.add(
        AssignmentConfiguration(
            uuid=uuid,
            enterprise_uuid=owner.enterprise_uuid,
            policy_uuid=policy_uuid,
            active=True,
            **counts,
        )
    )
    session.flush()
    return Configuration(uuid, owner.enterprise_uuid, owner.subsidy_uuid, policy_uuid)


def assignment(session: Session, of: Configuration, kind: Kind = KINDS[0], **fields: Any) -> UUID:
    return assignments(session, of, [(kind, fields)])[0]


def assignments(
    session: Session, of: Configuration, wanted: Iterable[tuple[Kind, dict[str, Any]]]
) -> list[UUID]:
    """Each goes the way that assignments go, and the totals and counts go with them."""
    rows = [_row(of, kind, fields) for kind, fields in wanted]
    born = {"state": AssignmentState.ALLOCATED.value, "transaction_uuid": None}
    bulk_insert(session, Assignment, [{**row, **born} for row in rows])
    paid = [row for row in rows if row["state"] in PAID]
    _redeem(session, of, paid)
    for row in rows:
        if row["state"] != AssignmentState.ALLOCATED and row not in paid:
            _move(session, row, AssignmentState(row["state"]))
    for row in paid:
        _move(session, row, AssignmentState.ACCEPTED, row["transaction_uuid"])
        if row["state"] == AssignmentState.REVERSED:
            _move(session, row, AssignmentState.REVERSED, row["transaction_uuid"])
    _count(session, of, rows)
    return [row["uuid"] for row in rows]


def _row(of: Configuration, kind: Kind, fields: dict[str, Any]) -> dict[str, Any]:
    state, learner_state = kind
    number = next(_numbers)
    allocated_at = fields.get("allocated_at", NOW)
    columns = {
        "uuid": uuid4(),
        "enterprise_uuid": of.enterprise_uuid,
        "configuration_uuid": of.uuid,
        "learner_email": f"learner{number}@example.com",
        "lms_user_id": None,
        "content_key": "edX+DemoX",
        "content_title": "Demonstration",
        "content_quantity": -19900,
        "state": state.value,
        "transaction_uuid": uuid4() if state in PAID else None,
        "allocated_at": allocated_at,
        "expires_at": allocated_at + DAYS_TO_REDEEM,
        "expiry_reason": NINETY_DAYS_PASSED,
        "recent_action_type": "assigned",
        "recent_action_at": allocated_at,
        "learner_state": None if learner_state is None else learner_state.value,
        "learner_state_sort_order": SORT_ORDER[learner_state],
        "scrubbed_at": None,
        "created_at": allocated_at,
        "modified_at": allocated_at,
    }
    return columns | fields


def _redeem(session: Session, of: Configuration, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        _transaction(session, of, row)
        amounts = [("redemption", row["content_quantity"])]
        if row["state"] == AssignmentState.REVERSED:
            amounts.append(("reversal", -row["content_quantity"]))
        for kind, amount in amounts:
            session.add(
                LedgerEntry(
                    uuid=uuid4(),
                    enterprise_uuid=of.enterprise_uuid,
                    subsidy_uuid=of.subsidy_uuid,
                    policy_uuid=of.policy_uuid,
                    transaction_uuid=row["transaction_uuid"],
                    kind=kind,
                    amount_cents=amount,
                    effective_at=NOW,
                    created_at=NOW,
                )
            )
    session.flush()


def _transaction(session: Session, of: Configuration, row: dict[str, Any]) -> None:
    transaction = SubsidyTransaction(
        uuid=row["transaction_uuid"],
        enterprise_uuid=of.enterprise_uuid,
        subsidy_uuid=of.subsidy_uuid,
        policy_uuid=of.policy_uuid,
        assignment_uuid=row["uuid"],
        learner_email=row["learner_email"],
        lms_user_id=row["lms_user_id"],
        content_key=row["content_key"],
        courserun_key=None,
        quantity=row["content_quantity"],
        state=TransactionState.CREATED.value,
        error=None,
        created_at=NOW,
        modified_at=NOW,
    )
    session.add(transaction)
    session.flush()
    transaction.state = TransactionState.COMMITTED.value
    session.flush()
    if row["state"] == AssignmentState.REVERSED:
        transaction.state = TransactionState.REVERSED.value
        session.flush()


def _move(
    session: Session,
    row: dict[str, Any],
    state: AssignmentState,
    transaction_uuid: UUID | None = None,
) -> None:
    session.connection().execute(
        update(Assignment)
        .where(Assignment.uuid == row["uuid"])
        .values(state=state.value, transaction_uuid=transaction_uuid)
    )


def _count(session: Session, of: Configuration, rows: Sequence[dict[str, Any]]) -> None:
    """As `ledger.post` does it, but for any configuration and any number."""
    session.flush()
    session.expire_all()
    policy, subsidy = (
        session.get_one(Policy, of.policy_uuid),
        session.get_one(Subsidy, of.subsidy_uuid),
    )
    totals = session.get_one(AssignmentConfiguration, of.uuid)
    for (state, learner_state), number in _counted(rows).items():
        column = counted_as(state, learner_state)
        setattr(totals, column, getattr(totals, column) + number)
    allocated = _cents_of(rows, AssignmentState.ALLOCATED)
    policy.allocated_cents += allocated
    subsidy.allocated_cents += allocated
    redeemed = _cents_of(rows, AssignmentState.ACCEPTED)
    policy.redeemed_cents += redeemed
    subsidy.balance_cents -= redeemed
    session.flush()


def _counted(rows: Sequence[dict[str, Any]]) -> Counter[tuple[AssignmentState, str | None]]:
    return Counter((AssignmentState(row["state"]), row["learner_state"]) for row in rows)


def _cents_of(rows: Sequence[dict[str, Any]], state: AssignmentState) -> int:
    cents: int = -sum(row["content_quantity"] for row in rows if row["state"] == state.value)
    return cents


def action(
    session: Session,
    of: Configuration,
    assignment_uuid: UUID,
    action_type: str,
    at: datetime,
    *,
    error_reason: str | None = None,
) -> UUID:
    """Completed, unless it has an error."""
    uuid = uuid4()
    session.add(
        AssignmentAction(
            uuid=uuid,
            enterprise_uuid=of.enterprise_uuid,
            assignment_uuid=assignment_uuid,
            action_type=action_type,
            mail_uuid=None,
            created_at=at,
            modified_at=at,
            completed_at=None if error_reason else at,
            error_reason=error_reason,
        )
    )
    session.flush()
    return uuid
