"""The locked books of a budget: the one place where totals are read to decide, and changed.

On PostgreSQL the subsidy's and the policy's rows are locked; on SQLite a transaction is alone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Select, Table, Update, bindparam, select, update
from sqlalchemy.orm import DeclarativeBase, Session

from bursar.actors import Actor
from bursar.credit.ledger.rules import Money, is_active
from bursar.credit.models import AssignmentConfiguration, Policy, Subsidy
from bursar.credit.states import AssignmentState, LearnerState

_policy, _subsidy, _configuration = (
    Policy.__table__,
    Subsidy.__table__,
    AssignmentConfiguration.__table__,
)


@dataclass(frozen=True, slots=True)
class Budget:
    """A policy with its subsidy, as they are while this transaction holds them."""

    policy_uuid: UUID
    enterprise_uuid: UUID
    policy_type: str
    active: bool
    retired: bool
    catalog_uuid: UUID
    subsidy_uuid: UUID
    per_learner_enrollment_limit: int | None
    per_learner_spend_limit: int | None
    late_redemption_allowed_until: datetime | None
    active_datetime: datetime
    expiration_datetime: datetime
    money: Money

    def is_subsidy_active(self, now: datetime) -> bool:
        return is_active(self.active_datetime, self.expiration_datetime, now)


@dataclass(frozen=True, slots=True)
class Held:
    """A budget that this transaction holds, with who changes it and when."""

    session: Session
    actor: Actor
    budget: Budget
    now: datetime


@dataclass(slots=True)
class Movement:
    """What a change does to the books; cents."""

    allocated: int = 0
    redeemed: int = 0
    balance: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """Assignments by the column of AssignmentConfiguration that counts them."""

    def leaves(self, state: AssignmentState, learner_state: str | None, number: int = 1) -> None:
        self.counts[counted_as(state, learner_state)] -= number

    def enters(self, state: AssignmentState, learner_state: str | None, number: int = 1) -> None:
        self.counts[counted_as(state, learner_state)] += number


def counted_as(state: AssignmentState, learner_state: str | None) -> str:
    """An allocated assignment, also one being redeemed, counts by its learner_state."""
    if state is AssignmentState.ALLOCATED:
        return f"{LearnerState(learner_state or '').value}_count"
    return f"{state.value}_count"


def _lock_statement() -> Select[Any]:
    return (
        select(_policy, _subsidy)
        .join_from(_policy, _subsidy, _subsidy.c.uuid == _policy.c.subsidy_uuid)
        .where(
            _policy.c.uuid == bindparam("policy_uuid"),
            _policy.c.enterprise_uuid == bindparam("enterprise_uuid"),
        )
        .with_for_update()
    )


_LOCK = _lock_statement()


def lock_budget(session: Session, enterprise_uuid: UUID, policy_uuid: UUID) -> Budget:
    """Waits for whoever holds it. Raises NoResultFound for a policy that is not there."""
    values = {"policy_uuid": policy_uuid, "enterprise_uuid": enterprise_uuid}
    row = session.connection().execute(_LOCK, values).mappings().one()
    return _budget(row)


def hold(
    session: Session, actor: Actor, enterprise_uuid: UUID, policy_uuid: UUID, now: datetime
) -> Held:
    """As `lock_budget`."""
    return Held(session, actor, lock_budget(session, enterprise_uuid, policy_uuid), now)


def lock_policies(session: Session, policy_uuids: Iterable[UUID]) -> None:
    """For changes without money: subsidies stay free, so several policies may be held, and one
    order everywhere keeps two transactions from waiting for each other."""
    wanted = _policy.c.uuid.in_(sorted(policy_uuids))
    statement = select(_policy.c.uuid).where(wanted).order_by(_policy.c.uuid).with_for_update()
    session.connection().execute(statement).all()


def _budget(row: Mapping[Any, Any]) -> Budget:
    policy, subsidy = _policy.c, _subsidy.c
    money = Money(
        spend_limit=row[policy.spend_limit],
        redeemed=row[policy.redeemed_cents],
        allocated=row[policy.allocated_cents],
        subsidy_balance=row[subsidy.balance_cents],
        subsidy_allocated=row[subsidy.allocated_cents],
    )
    return Budget(
        policy_uuid=row[policy.uuid],
        enterprise_uuid=row[policy.enterprise_uuid],
        policy_type=row[policy.policy_type],
        active=row[policy.active],
        retired=row[policy.retired],
        catalog_uuid=row[policy.catalog_uuid],
        subsidy_uuid=row[policy.subsidy_uuid],
        per_learner_enrollment_limit=row[policy.per_learner_enrollment_limit],
        per_learner_spend_limit=row[policy.per_learner_spend_limit],
        late_redemption_allowed_until=row[policy.late_redemption_allowed_until],
        active_datetime=row[subsidy.active_datetime],
        expiration_datetime=row[subsidy.expiration_datetime],
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
_MOVE_POLICY = _added(_table(Policy), "uuid", ("allocated_cents", "redeemed_cents"))
_MOVE_SUBSIDY = _added(_table(Subsidy), "uuid", ("allocated_cents", "balance_cents"))
_MOVE_COUNTS = _added(_table(AssignmentConfiguration), "policy_uuid", _COUNTS)


def move(session: Session, budget: Budget, movement: Movement) -> None:
    """Writes what changed: at most one statement for each of policy, subsidy, configuration.

    Must be the last change under the lock, so that a budget is never read stale.
    """
    connection = session.connection()
    if movement.allocated or movement.redeemed:
        values = {
            "row": budget.policy_uuid,
            "more_allocated_cents": movement.allocated,
            "more_redeemed_cents": movement.redeemed,
        }
        connection.execute(_MOVE_POLICY, values)
    if movement.allocated or movement.balance:
        values = {
            "row": budget.subsidy_uuid,
            "more_allocated_cents": movement.allocated,
            "more_balance_cents": movement.balance,
        }
        connection.execute(_MOVE_SUBSIDY, values)
    move_counts(session, budget.policy_uuid, movement.counts)


def move_counts(session: Session, policy_uuid: UUID, counts: Counter[str]) -> None:
    """For changes without money."""
    if any(counts.values()):
        changes = {f"more_{name}": counts[name] for name in _COUNTS}
        session.connection().execute(_MOVE_COUNTS, {"row": policy_uuid, **changes})
