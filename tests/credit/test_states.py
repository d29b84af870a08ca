"""The database itself refuses what the tables of states do not allow."""

from collections.abc import Sequence
from itertools import product
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from bursar.credit.models import Assignment, SubsidyTransaction
from bursar.credit.states import (
    ASSIGNMENT_MOVES,
    TRANSACTION_MOVES,
    AssignmentState,
    TransactionState,
)
from bursar.database.bulk import bulk_insert
from bursar.database.doors import Door, opened
from bursar.database.engine import Database
from testing.worlds import credit as world
from testing.worlds.credit import NOW, Configuration

_A, _T = AssignmentState, TransactionState
ASSIGNMENT_PAIRS = {(state, new) for (state, _), new in ASSIGNMENT_MOVES.items()}
TRANSACTION_PAIRS = {(state, new) for (state, _), new in TRANSACTION_MOVES.items()}
WAY_OF_ASSIGNMENT: dict[AssignmentState, Sequence[AssignmentState]] = {
    _A.ALLOCATED: (),
    _A.ACCEPTED: (_A.ACCEPTED,),
    _A.CANCELLED: (_A.CANCELLED,),
    _A.ERRORED: (_A.ERRORED,),
    _A.EXPIRED: (_A.EXPIRED,),
    _A.REVERSED: (_A.ACCEPTED, _A.REVERSED),
}
WAY_OF_TRANSACTION: dict[TransactionState, Sequence[TransactionState]] = {
    _T.CREATED: (),
    _T.COMMITTED: (_T.COMMITTED,),
    _T.FAILED: (_T.FAILED,),
    _T.REVERSED: (_T.COMMITTED, _T.REVERSED),
}


@pytest.fixture
def of(database: Database) -> Configuration:
    with database.transaction() as session:
        acme = world.enterprise(session)
        policy = world.policy(session, acme, world.subsidy(session, acme))
        return world.configuration(session, policy)


def put_transaction(database: Database, of: Configuration, state: str = "created") -> UUID:
    row = {
        "uuid": uuid4(),
        "enterprise_uuid": of.enterprise_uuid,
        "subsidy_uuid": of.subsidy_uuid,
        "policy_uuid": of.policy_uuid,
        "assignment_uuid": None,
        "learner_email": "ana@example.com",
        "lms_user_id": None,
        "content_key": "edX+A",
        "courserun_key": None,
        "quantity": -100,
        "state": state,
        "error": None,
        "created_at": NOW,
        "modified_at": NOW,
    }
    with database.transaction() as session:
        bulk_insert(session, SubsidyTransaction, [row])
    return row["uuid"]  # type: ignore[return-value]


def put_assignment(database: Database, of: Configuration) -> UUID:
    with database.transaction() as session:
        return world.assignment(session, of)


def move_assignment(
    database: Database, uuid: UUID, state: AssignmentState, transaction: UUID
) -> None:
    """With a transaction exactly where the state has one."""
    paid = state in {_A.ACCEPTED, _A.REVERSED}
    values = {
        "uuid": _key(database, uuid),
        "state": state.value,
        "transaction": _key(database, transaction) if paid else None,
    }
    with database.transaction() as session:
        session.execute(
            text(
                "UPDATE assignments SET state = :state, transaction_uuid = :transaction"
                " WHERE uuid = :uuid"
            ),
            values,
        )


def move_transaction(database: Database, uuid: UUID, state: TransactionState) -> None:
    with database.transaction() as session:
        session.execute(
            text("UPDATE subsidy_transactions SET state = :state WHERE uuid = :uuid"),
            {"state": state.value, "uuid": _key(database, uuid)},
        )


def _key(database: Database, uuid: UUID) -> object:
    return uuid.hex if database.is_sqlite else uuid


def test_assignments_go_only_the_ways_of_the_table(database: Database, of: Configuration) -> None:
    transaction = put_transaction(database, of)
    taken = set()
    for state, new in product(AssignmentState, AssignmentState):
        uuid = put_assignment(database, of)
        for step in WAY_OF_ASSIGNMENT[state]:
            move_assignment(database, uuid, step, transaction)
        try:
            move_assignment(database, uuid, new, transaction)
        except DatabaseError as error:
            assert "impossible change of state" in str(error)  # noqa: PT017 - either is right
        else:
            taken.add((state, new))
    staying = {(state, state) for state in AssignmentState}
    assert taken == ASSIGNMENT_PAIRS | staying


def test_transactions_go_only_the_ways_of_the_table(database: Database, of: Configuration) -> None:
    taken = set()
    for state, new in product(TransactionState, TransactionState):
        uuid = put_transaction(database, of)
        for step in WAY_OF_TRANSACTION[state]:
            move_transaction(database, uuid, step)
        try:
            move_transaction(database, uuid, new)
        except DatabaseError as error:
            assert "impossible change of state" in str(error)  # noqa: PT017 - either is right
        else:
            taken.add((state, new))
    staying = {(state, state) for state in TransactionState}
    assert taken == TRANSACTION_PAIRS | staying


def test_a_transaction_begins_as_created(database: Database, of: Configuration) -> None:
    for state in set(TransactionState) - {_T.CREATED}:
        with pytest.raises(DatabaseError, match="impossible change of state"):
            put_transaction(database, of, state)


def test_an_assignment_begins_as_allocated(database: Database, of: Configuration) -> None:
    uuid, transaction = put_assignment(database, of), put_transaction(database, of)
    with database.read() as connection:
        table = Assignment.__table__
        row = connection.execute(table.select().where(table.c.uuid == uuid)).one()._asdict()
    for state in set(AssignmentState) - {_A.ALLOCATED}:
        paid = state in {_A.ACCEPTED, _A.REVERSED}
        changes = {
            "uuid": uuid4(),
            "learner_email": f"{state}@example.com",
            "state": state.value,
            "transaction_uuid": transaction if paid else None,
        }
        with (
            pytest.raises(DatabaseError, match="impossible change of state"),
            database.transaction() as session,
        ):
            bulk_insert(session, Assignment, [row | changes])


@pytest.mark.parametrize(
    ("state", "has_transaction"),
    [("accepted", False), ("cancelled", True), ("errored", True), ("expired", True)],
)
def test_a_state_has_a_transaction_or_has_none(
    database: Database, of: Configuration, state: str, *, has_transaction: bool
) -> None:
    uuid, transaction = put_assignment(database, of), put_transaction(database, of)
    named = _key(database, transaction) if has_transaction else None
    statement = text("UPDATE assignments SET state = :s, transaction_uuid = :t WHERE uuid = :u")
    with (
        pytest.raises(DatabaseError, match="transaction_fits_state"),
        database.transaction() as session,
    ):
        session.execute(statement, {"s": state, "t": named, "u": _key(database, uuid)})


@pytest.mark.parametrize(
    "statement",
    ["UPDATE ledger_entries SET amount_cents = 1", "DELETE FROM ledger_entries"],
)
def test_the_ledger_cannot_be_changed(
    database: Database, of: Configuration, statement: str
) -> None:
    with pytest.raises(DatabaseError, match="append-only"), database.transaction() as session:
        session.execute(text(statement))


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_the_ledger_cannot_be_emptied(database: Database, of: Configuration) -> None:
    with pytest.raises(DatabaseError, match="append-only"), database.transaction() as session:
        session.execute(text("TRUNCATE ledger_entries CASCADE"))


def test_a_subsidy_cannot_promise_more_than_it_has(database: Database, of: Configuration) -> None:
    with (
        pytest.raises(DatabaseError, match="never_overspent"),
        database.transaction() as session,
    ):
        session.execute(text("UPDATE subsidies SET allocated_cents = balance_cents + 1"))


def test_what_is_adopted_may_be_in_any_state(database: Database, of: Configuration) -> None:
    uuid, transaction = put_assignment(database, of), put_transaction(database, of)
    with database.transaction() as session, opened(session, Door.ADOPTION):
        session.execute(text("UPDATE assignments SET state = 'cancelled'"))
        session.execute(text("UPDATE assignments SET state = 'expired'"))
    with pytest.raises(DatabaseError, match="impossible change of state"):
        move_assignment(database, uuid, _A.ERRORED, transaction)
