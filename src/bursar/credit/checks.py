"""Checks the stored totals and states of learner credit against the ledger and the assignments.

Each check is one statement that adds up in the database and returns only the rows that are wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, select
from sqlalchemy.orm import Session

from bursar.catalog.catalogs.models import Catalog
from bursar.credit.check_states import STATE_PROOFS
from bursar.credit.models import (
    Assignment,
    AssignmentAction,
    AssignmentConfiguration,
    LedgerAdjustment,
    LedgerEntry,
    Policy,
    Subsidy,
    SubsidyTransaction,
)
from bursar.credit.states import AssignmentState, LearnerState
from bursar.database.counts import wrong_counts
from bursar.groups.service import groups_of_policies

_subsidies, _policies = Subsidy.__table__, Policy.__table__
_configurations, _assignments = AssignmentConfiguration.__table__, Assignment.__table__
_transactions, _ledger = SubsidyTransaction.__table__, LedgerEntry.__table__
_actions = AssignmentAction.__table__
_adjustments = LedgerAdjustment.__table__

_ALLOCATED: Final = _assignments.c.state == AssignmentState.ALLOCATED.value
_COUNTED: Final[Mapping[str, ColumnElement[bool]]] = {
    **{
        f"{shown.value}_count": _ALLOCATED & (_assignments.c.learner_state == shown.value)
        for shown in (LearnerState.NOTIFYING, LearnerState.WAITING, LearnerState.FAILED)
    },
    **{
        f"{state.value}_count": _assignments.c.state == state.value
        for state in AssignmentState
        if state is not AssignmentState.ALLOCATED
    },
}
"""The condition on assignments that each column of a configuration counts."""


def check_credit(database: Session | Connection) -> Iterator[str]:
    """One line for each row that is wrong."""
    connection = database.connection() if isinstance(database, Session) else database
    yield from _wrong_totals(connection)
    yield from _wrong_counts(connection)
    for table, why, statement in STATE_PROOFS:
        for row in connection.execute(statement):
            yield f"{table}: {row.uuid}: {why}"
    yield from _strangers(connection)
    yield from _unexplained(connection)
    yield from _wrong_groups(connection)


def _wrong_groups(connection: Connection) -> Iterator[str]:
    """Policies that are for groups and have none, or the reverse."""
    uuids = select(_policies.c.uuid, _policies.c.is_for_groups).order_by(_policies.c.uuid)
    rows = connection.execute(uuids).all()
    groups = groups_of_policies(connection, [row.uuid for row in rows])
    for row in rows:
        if row.is_for_groups != (row.uuid in groups):
            yield (
                f"subsidy_access_policies: {row.uuid}: is_for_groups says otherwise than its groups"
            )


def _unexplained(connection: Connection) -> Iterator[str]:
    """Adjustments without a reason."""
    entry, why = _ledger.c, _adjustments.c
    statement = (
        select(entry.uuid)
        .join_from(_ledger, _adjustments, why.entry_uuid == entry.uuid, isouter=True)
        .where(entry.kind == "adjustment", why.entry_uuid.is_(None))
        .order_by(entry.uuid)
    )
    for uuid in connection.scalars(statement):
        yield f"ledger_entries: {uuid}: an adjustment without a reason"


def _sum(amount: Any, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    total: ColumnElement[int] = (
        select(func.coalesce(func.sum(amount), 0)).where(*conditions).scalar_subquery()
    )
    return total


def _totals() -> Iterator[tuple[Any, str, ColumnElement[int]]]:
    """A stored total, the words for what it must equal, and the sum that it must equal."""
    subsidy, policy, entry, assignment = _subsidies.c, _policies.c, _ledger.c, _assignments.c
    yield (
        subsidy.balance_cents,
        "its ledger adds up to",
        _sum(entry.amount_cents, entry.subsidy_uuid == subsidy.uuid),
    )
    yield (
        subsidy.allocated_cents,
        "its policies add up to",
        _sum(policy.allocated_cents, policy.subsidy_uuid == subsidy.uuid),
    )
    yield (
        policy.redeemed_cents,
        "its ledger entries add up to",
        _sum(-entry.amount_cents, entry.policy_uuid == policy.uuid),
    )
    yield (
        policy.allocated_cents,
        "its allocated assignments add up to",
        _sum(
            -assignment.content_quantity,
            _ALLOCATED,
            assignment.transaction_uuid.is_(None),
            assignment.configuration_uuid == _configurations.c.uuid,
            _configurations.c.policy_uuid == policy.uuid,
        ),
    )


def _wrong_totals(connection: Connection) -> Iterator[str]:
    for column, what, total in _totals():
        compared = select(column.table.c.uuid, column.label("stored"), total.label("real"))
        row = compared.subquery().c
        wrong = select(row.uuid, row.stored, row.real).where(row.stored != row.real)
        for found in connection.execute(wrong.order_by(row.uuid)):
            name = f"{column.table.name}: {found.uuid}: {column.name}"
            yield f"{name} is {found.stored}, but {what} {int(found.real)}"


def _wrong_counts(connection: Connection) -> Iterator[str]:
    for uuid, name, stored, counted in wrong_counts(
        connection, _configurations, _assignments.c.configuration_uuid, _COUNTED
    ):
        where = f"assignment_configurations: {uuid}: {name}"
        yield f"{where} is {stored}, but there are {counted}"


_PARENTS: Final[Sequence[tuple[Any, Any]]] = (
    (_policies.c.catalog_uuid, Catalog.__table__),
    (_policies.c.subsidy_uuid, _subsidies),
    (_configurations.c.policy_uuid, _policies),
    (_transactions.c.subsidy_uuid, _subsidies),
    (_transactions.c.policy_uuid, _policies),
    (_transactions.c.assignment_uuid, _assignments),
    (_ledger.c.subsidy_uuid, _subsidies),
    (_ledger.c.policy_uuid, _policies),
    (_ledger.c.transaction_uuid, _transactions),
    (_assignments.c.configuration_uuid, _configurations),
    (_assignments.c.transaction_uuid, _transactions),
    (_actions.c.assignment_uuid, _assignments),
)


def _strangers(connection: Connection) -> Iterator[str]:
    """Rows that belong to another enterprise than the object that they are part of."""
    for column, parent in _PARENTS:
        child = column.table
        statement = (
            select(child.c.uuid)
            .join_from(child, parent, parent.c.uuid == column)
            .where(child.c.enterprise_uuid != parent.c.enterprise_uuid)
            .order_by(child.c.uuid)
        )
        for uuid in connection.scalars(statement):
            yield f"{child.name}: {uuid}: of another enterprise than its {column.name}"
