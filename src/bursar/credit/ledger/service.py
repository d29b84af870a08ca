"""The ledger and totals of budgets. Only this module locks budgets and changes their totals.

On PostgreSQL the rows of the policy and of its subsidy are locked. On SQLite this is not needed,
because only one transaction writes at a time.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, cast
from uuid import UUID, uuid4

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    Update,
    bindparam,
    insert,
    select,
    true,
    update,
)
from sqlalchemy.orm import DeclarativeBase, Session

from bursar.credit.ledger.rules import Money, is_active
from bursar.credit.models import AssignmentConfiguration, LedgerEntry, Policy, Subsidy
from bursar.credit.states import AssignmentState, LearnerState
from bursar.identity.models import Enterprise

_policy, _subsidy = Policy.__table__, Subsidy.__table__
_configuration, _enterprise = AssignmentConfiguration.__table__, Enterprise.__table__


@dataclass(frozen=True, slots=True)
class LockedBudget:
    """A policy with its subsidy, as they are while this transaction holds their lock."""

    policy_uuid: UUID
    enterprise_uuid: UUID
    enterprise_slug: str
    policy_type: str
    active: bool
    retired: bool
    catalog_uuid: UUID
    subsidy_uuid: UUID
    per_learner_enrollment_limit: int | None
    per_learner_spend_limit: int | None
    """Cents."""
    late_redemption_allowed_until: datetime | None
    allow_unknown_price: bool
    is_for_groups: bool
    """Whether only members of its groups may spend it."""
    active_datetime: datetime
    expiration_datetime: datetime
    configuration_uuid: UUID | None
    """What the policy assigns through; None for a policy that assigns nothing."""
    is_configuration_active: bool
    money: Money

    @property
    def is_in_use(self) -> bool:
        return self.active and not self.retired

    def is_subsidy_active(self, at: datetime) -> bool:
        return is_active(self.active_datetime, self.expiration_datetime, at)


@dataclass(frozen=True, slots=True)
class LockedPolicy:
    """A policy of which this transaction holds the lock, without the money of its subsidy."""

    policy_uuid: UUID
    enterprise_slug: str
    catalog_uuid: UUID


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A line of the ledger for a redemption that takes money (negative cents), or for a reversal
    that gives it back (positive cents)."""

    transaction_uuid: UUID
    kind: Literal["redemption", "reversal"]
    amount_cents: int


@dataclass(slots=True)
class BudgetDelta:
    """What one change does to the totals of a budget, in cents."""

    allocated: int = 0
    redeemed: int = 0
    balance: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """Assignments by the column of AssignmentConfiguration that counts them."""
    entry: NewEntry | None = None

    def leaves(self, state: AssignmentState, learner_state: str | None, number: int = 1) -> None:
        self.counts[counted_as(state, learner_state)] -= number

    def enters(self, state: AssignmentState, learner_state: str | None, number: int = 1) -> None:
        self.counts[counted_as(state, learner_state)] += number


def counted_as(state: AssignmentState, learner_state: str | None) -> str:
    """The column that counts assignments in this state. An allocated assignment counts by its
    learner_state, also while it is being redeemed."""
    if state is AssignmentState.ALLOCATED:
        return f"{LearnerState(learner_state or '').value}_count"
    return f"{state.value}_count"


def _budgets(condition: ColumnElement[bool]) -> Select[Any]:
    columns = (
        *_policy.c,
        *_subsidy.c,
        _configuration.c.uuid,
        _configuration.c.active,
        _enterprise.c.slug,
    )
    joined = (
        _policy.join(_subsidy, _subsidy.c.uuid == _policy.c.subsidy_uuid)
        .join(_enterprise, _enterprise.c.uuid == _policy.c.enterprise_uuid)
        .outerjoin(_configuration, _configuration.c.policy_uuid == _policy.c.uuid)
    )
    return (
        select(*columns)
        .select_from(joined)
        .where(condition, _policy.c.enterprise_uuid == bindparam("enterprise_uuid"))
    )


def _lock_statement(condition: ColumnElement[bool]) -> Select[Any]:
    # Only these two tables are locked: PostgreSQL cannot lock the nullable side of an outer join.
    return _budgets(condition).with_for_update(of=[_policy, _subsidy])


_READ_ALL: Final = _budgets(true()).order_by(_policy.c.created_at.desc(), _policy.c.uuid)


def read_budgets(connection: Connection, enterprise_uuid: UUID) -> list[LockedBudget]:
    """Every budget of an enterprise, the newest first, as it is at this moment: under no lock, so
    that nothing may be spent on the strength of it."""
    rows = connection.execute(_READ_ALL, {"enterprise_uuid": enterprise_uuid}).mappings()
    return [_locked(row) for row in rows]


_LOCK_BY_POLICY: Final = _lock_statement(_policy.c.uuid == bindparam("uuid"))
_LOCK_BY_CONFIGURATION: Final = _lock_statement(_configuration.c.uuid == bindparam("uuid"))


def lock_budget(session: Session, enterprise_uuid: UUID, policy_uuid: UUID) -> LockedBudget:
    """Locks the budget until the transaction ends. Raises NoResultFound for an unknown policy."""
    return _lock(session, _LOCK_BY_POLICY, enterprise_uuid, policy_uuid)


def lock_budget_of(
    session: Session, enterprise_uuid: UUID, configuration_uuid: UUID
) -> LockedBudget:
    """The budget that an assignment configuration spends; otherwise as `lock_budget`."""
    return _lock(session, _LOCK_BY_CONFIGURATION, enterprise_uuid, configuration_uuid)


def _lock(
    session: Session, statement: Select[Any], enterprise_uuid: UUID, uuid: UUID
) -> LockedBudget:
    values = {"uuid": uuid, "enterprise_uuid": enterprise_uuid}
    return _locked(session.connection().execute(statement, values).mappings().one())


_LOCK_POLICY_OF: Final = (
    select(_policy.c.uuid, _enterprise.c.slug, _policy.c.catalog_uuid)
    .select_from(
        _policy.join(_enterprise, _enterprise.c.uuid == _policy.c.enterprise_uuid).join(
            _configuration, _configuration.c.policy_uuid == _policy.c.uuid
        )
    )
    .where(
        _configuration.c.uuid == bindparam("uuid"),
        _configuration.c.enterprise_uuid == bindparam("enterprise_uuid"),
    )
    .with_for_update(of=_policy)
)


def lock_policy_of(
    session: Session, enterprise_uuid: UUID, configuration_uuid: UUID
) -> LockedPolicy:
    """Locks the policy of a configuration, for changes of its assignments that move no money.

    Raises NoResultFound for an unknown configuration.
    """
    values = {"uuid": configuration_uuid, "enterprise_uuid": enterprise_uuid}
    return LockedPolicy(*session.connection().execute(_LOCK_POLICY_OF, values).one())


def lock_policies(session: Session, policy_uuids: Iterable[UUID]) -> None:
    """For changes without money, which leave the subsidies free: several policies may be held.

    They are locked in one order everywhere, so that two transactions never wait for each other.
    """
    wanted = _policy.c.uuid.in_(sorted(policy_uuids))
    statement = select(_policy.c.uuid).where(wanted).order_by(_policy.c.uuid).with_for_update()
    session.connection().execute(statement).all()


def lock_enterprise(session: Session, enterprise_uuid: UUID) -> None:
    """Locks every budget of an enterprise until the transaction ends.

    Policies are locked before subsidies, as for a single budget, so that there is no deadlock.
    """
    for model in (Policy, Subsidy):
        uuid = model.__table__.c.uuid
        statement = select(uuid).where(model.__table__.c.enterprise_uuid == enterprise_uuid)
        session.execute(statement.order_by(uuid).with_for_update()).all()


def _locked(row: Mapping[Any, Any]) -> LockedBudget:
    policy, subsidy = _policy.c, _subsidy.c
    money = Money(
        spend_limit=row[policy.spend_limit],
        redeemed=row[policy.redeemed_cents],
        allocated=row[policy.allocated_cents],
        subsidy_balance=row[subsidy.balance_cents],
        subsidy_allocated=row[subsidy.allocated_cents],
    )
    return LockedBudget(
        policy_uuid=row[policy.uuid],
        enterprise_uuid=row[policy.enterprise_uuid],
        enterprise_slug=row[_enterprise.c.slug],
        policy_type=row[policy.policy_type],
        active=row[policy.active],
        retired=row[policy.retired],
        catalog_uuid=row[policy.catalog_uuid],
        subsidy_uuid=row[policy.subsidy_uuid],
        per_learner_enrollment_limit=row[policy.per_learner_enrollment_limit],
        per_learner_spend_limit=row[policy.per_learner_spend_limit],
        late_redemption_allowed_until=row[policy.late_redemption_allowed_until],
        allow_unknown_price=row[policy.allow_unknown_price],
        is_for_groups=row[policy.is_for_groups],
        active_datetime=row[subsidy.active_datetime],
        expiration_datetime=row[subsidy.expiration_datetime],
        configuration_uuid=row[_configuration.c.uuid],
        is_configuration_active=bool(row[_configuration.c.active]),
        money=money,
    )


def _table(model: type[DeclarativeBase]) -> Table:
    return cast("Table", model.__table__)


def _added(table: Table, key: str, names: Iterable[str]) -> Update:
    """Adds to columns, by parameters of their names, in the row that has the key."""
    changes = {name: table.c[name] + bindparam(f"more_{name}") for name in names}
    return update(table).where(table.c[key] == bindparam("row")).values(changes)


_COUNTS: Final = tuple(
    column.name for column in _table(AssignmentConfiguration).c if column.name.endswith("_count")
)
_POST_TO_POLICY: Final = _added(_table(Policy), "uuid", ("allocated_cents", "redeemed_cents"))
_POST_TO_SUBSIDY: Final = _added(_table(Subsidy), "uuid", ("allocated_cents", "balance_cents"))
_POST_COUNTS: Final = _added(_table(AssignmentConfiguration), "policy_uuid", _COUNTS)


def post(session: Session, budget: LockedBudget, delta: BudgetDelta, *, at: datetime) -> None:
    """Writes the ledger entry of a change, if it has one, and its totals.

    At most one statement for each of ledger, policy, subsidy and configuration. It must be the
    last change of the totals under the lock, because `budget` is not read again.
    """
    connection = session.connection()
    if delta.entry is not None:
        connection.execute(insert(LedgerEntry), _entry(budget, delta.entry, at))
    if delta.allocated or delta.redeemed:
        values = {
            "row": budget.policy_uuid,
            "more_allocated_cents": delta.allocated,
            "more_redeemed_cents": delta.redeemed,
        }
        connection.execute(_POST_TO_POLICY, values)
    if delta.allocated or delta.balance:
        values = {
            "row": budget.subsidy_uuid,
            "more_allocated_cents": delta.allocated,
            "more_balance_cents": delta.balance,
        }
        connection.execute(_POST_TO_SUBSIDY, values)
    post_counts(session, budget.policy_uuid, delta.counts)


def _entry(budget: LockedBudget, entry: NewEntry, at: datetime) -> dict[str, Any]:
    return {
        "uuid": uuid4(),
        "enterprise_uuid": budget.enterprise_uuid,
        "subsidy_uuid": budget.subsidy_uuid,
        "policy_uuid": budget.policy_uuid,
        "transaction_uuid": entry.transaction_uuid,
        "kind": entry.kind,
        "amount_cents": entry.amount_cents,
        "effective_at": at,
        "created_at": at,
    }


def post_counts(session: Session, policy_uuid: UUID, counts: Counter[str]) -> None:
    """Changes the counts of a configuration, without money. The caller has locked the policy."""
    if any(counts.values()):
        changes = {f"more_{name}": counts[name] for name in _COUNTS}
        session.connection().execute(_POST_COUNTS, {"row": policy_uuid, **changes})
