"""Every fact is tampered with behind the program's back, and found out."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from bursar.credit.assignments.rules import SORT_ORDER, ActionRecord, learner_state
from bursar.credit.checks import check_credit
from bursar.credit.models import (
    Assignment,
    AssignmentAction,
    AssignmentConfiguration,
    LedgerEntry,
    Policy,
    Subsidy,
    SubsidyTransaction,
)
from bursar.credit.states import AssignmentState, LearnerState
from bursar.database.engine import Database
from testing.worlds import credit as world
from testing.worlds.credit import DAY, KINDS, NOW, Configuration

PRICE = 19900


@dataclass(frozen=True)
class Books:
    """One assignment of every kind, with books that hold."""

    session: Session
    of: Configuration
    uuids: dict[tuple[AssignmentState, LearnerState | None], UUID]

    def assignment(self, state: AssignmentState, shown: LearnerState | None = None) -> UUID:
        return self.uuids[state, shown]

    def transaction(self, state: AssignmentState) -> UUID:
        found = self.session.scalar(
            select(Assignment.transaction_uuid).where(Assignment.uuid == self.assignment(state))
        )
        assert found is not None
        return found

    def change(self, model: Any, uuid: UUID, **values: Any) -> None:
        statement = update(model).where(model.uuid == uuid).values(values)
        self.session.connection().execute(statement)

    def enter(self, **values: Any) -> UUID:
        """A ledger entry of nothing."""
        uuid = uuid4()
        columns = {
            "uuid": uuid,
            "enterprise_uuid": self.of.enterprise_uuid,
            "subsidy_uuid": self.of.subsidy_uuid,
            "policy_uuid": self.of.policy_uuid,
            "transaction_uuid": None,
            "kind": "redemption",
            "amount_cents": 0,
            "effective_at": NOW,
            "created_at": NOW,
        }
        self.session.connection().execute(insert(LedgerEntry).values(columns | values))
        return uuid

    def begin(self, **values: Any) -> UUID:
        """A transaction without a trace in the ledger."""
        uuid = uuid4()
        columns = {
            "uuid": uuid,
            "enterprise_uuid": self.of.enterprise_uuid,
            "subsidy_uuid": self.of.subsidy_uuid,
            "policy_uuid": self.of.policy_uuid,
            "assignment_uuid": None,
            "learner_email": "ana@acme.example",
            "lms_user_id": None,
            "content_key": "edX+DemoX",
            "courserun_key": None,
            "quantity": 0,
            "state": "created",
            "error": None,
            "created_at": NOW,
            "modified_at": NOW,
        }
        self.session.connection().execute(insert(SubsidyTransaction).values(columns | values))
        return uuid

    def problems(self) -> list[str]:
        self.session.flush()
        return list(check_credit(self.session))


def written(session: Session) -> Books:
    enterprise = world.enterprise(session)
    subsidy = world.subsidy(session, enterprise)
    of = world.configuration(session, world.policy(session, enterprise, subsidy))
    uuids = dict(zip(KINDS, world.assignments(session, of, [(k, {}) for k in KINDS]), strict=True))
    allocated = AssignmentState.ALLOCATED
    world.action(session, of, uuids[allocated, LearnerState.WAITING], "notified", NOW)
    failed = uuids[allocated, LearnerState.FAILED]
    world.action(session, of, failed, "notified", NOW, error_reason="email_error")
    session.flush()
    return Books(session, of, uuids)


Tampering = Callable[[Books], str]
"""Spoils one fact, and says how the line about it begins."""


def balance(books: Books) -> str:
    books.change(Subsidy, books.of.subsidy_uuid, balance_cents=10**9)
    return f"subsidies: {books.of.subsidy_uuid}: balance_cents is 1000000000, but its ledger"


def money_of_the_subsidy(books: Books) -> str:
    books.change(Subsidy, books.of.subsidy_uuid, allocated_cents=0)
    return f"subsidies: {books.of.subsidy_uuid}: allocated_cents is 0, but its policies"


def money_of_the_policy(books: Books) -> str:
    books.change(Subsidy, books.of.subsidy_uuid, allocated_cents=1)
    books.change(Policy, books.of.policy_uuid, allocated_cents=1)
    return f"subsidy_access_policies: {books.of.policy_uuid}: allocated_cents is 1, but"


def redeemed(books: Books) -> str:
    books.change(Policy, books.of.policy_uuid, redeemed_cents=1)
    return f"subsidy_access_policies: {books.of.policy_uuid}: redeemed_cents is 1, but"


def count_of_a_state(books: Books) -> str:
    books.change(AssignmentConfiguration, books.of.uuid, cancelled_count=2)
    return f"assignment_configurations: {books.of.uuid}: cancelled_count is 2, but there are 1"


def count_of_a_learner_state(books: Books) -> str:
    books.change(AssignmentConfiguration, books.of.uuid, waiting_count=0)
    return f"assignment_configurations: {books.of.uuid}: waiting_count is 0, but there are 1"


def missing_redemption(books: Books) -> str:
    uuid = books.begin()
    return f"subsidy_transactions: {uuid}: no redemption of its quantity in the ledger"


def redemption_of_another_price(books: Books) -> str:
    uuid = books.begin(quantity=-1)
    books.enter(transaction_uuid=uuid)
    return f"subsidy_transactions: {uuid}: no redemption of its quantity in the ledger"


def reversal_of_what_stands(books: Books) -> str:
    uuid = books.begin()
    books.enter(transaction_uuid=uuid)
    books.enter(transaction_uuid=uuid, kind="reversal")
    return f"subsidy_transactions: {uuid}: reversed in the ledger, but not in its state"


def failure_that_kept_the_money(books: Books) -> str:
    uuid = books.begin()
    books.enter(transaction_uuid=uuid)
    books.change(SubsidyTransaction, uuid, state="failed")
    return f"subsidy_transactions: {uuid}: no reversal of its quantity in the ledger"


def entry_of_another_subsidy(books: Books) -> str:
    other = world.subsidy(books.session, books.of.enterprise_uuid)
    uuid = books.begin()
    books.enter(transaction_uuid=uuid, subsidy_uuid=other)
    return f"subsidy_transactions: {uuid}: its ledger entries are of another subsidy or policy"


def policy_of_another_subsidy(books: Books) -> str:
    other = world.subsidy(books.session, books.of.enterprise_uuid)
    uuid = books.begin(subsidy_uuid=other)
    books.enter(transaction_uuid=uuid, subsidy_uuid=other)
    return f"subsidy_transactions: {uuid}: its policy spends from another subsidy"


def transaction_nobody_names(books: Books) -> str:
    uuid = books.begin(assignment_uuid=books.assignment(AssignmentState.CANCELLED))
    books.enter(transaction_uuid=uuid)
    return f"subsidy_transactions: {uuid}: its assignment does not name it"


def accepted_but_unfinished(books: Books) -> str:
    uuid = books.assignment(AssignmentState.ALLOCATED, LearnerState.WAITING)
    transaction = books.begin(assignment_uuid=uuid, quantity=-PRICE)
    books.enter(transaction_uuid=transaction, amount_cents=-PRICE)
    books.change(
        Assignment, uuid, state="accepted", transaction_uuid=transaction, learner_state=None
    )
    return f"assignments: {uuid}: its transaction is in a state that does not fit"


def transaction_of_somebody_else(books: Books) -> str:
    uuid = books.assignment(AssignmentState.ACCEPTED)
    other = books.begin()
    books.enter(transaction_uuid=other)
    books.change(SubsidyTransaction, other, state="committed")
    books.change(Assignment, uuid, transaction_uuid=other)
    return f"assignments: {uuid}: its transaction is that of another assignment"


def another_price(books: Books) -> str:
    uuid = books.assignment(AssignmentState.ACCEPTED)
    books.change(Assignment, uuid, content_quantity=-1)
    return f"assignments: {uuid}: its transaction has another quantity"


def transaction_of_another_policy(books: Books) -> str:
    other = world.policy(books.session, books.of.enterprise_uuid, books.of.subsidy_uuid)
    uuid = books.transaction(AssignmentState.ACCEPTED)
    books.change(SubsidyTransaction, uuid, policy_uuid=other)
    accepted = books.assignment(AssignmentState.ACCEPTED)
    return f"assignments: {accepted}: its transaction is of another policy"


def shown_state(books: Books) -> str:
    uuid = books.assignment(AssignmentState.ALLOCATED, LearnerState.NOTIFYING)
    books.change(Assignment, uuid, learner_state="waiting", learner_state_sort_order=1)
    return f"assignments: {uuid}: its learner_state is out of date"


def order_of_the_shown_state(books: Books) -> str:
    uuid = books.assignment(AssignmentState.EXPIRED, LearnerState.EXPIRED)
    books.change(Assignment, uuid, learner_state_sort_order=0)
    return f"assignments: {uuid}: its learner_state_sort_order is not that of its learner_state"


@pytest.mark.parametrize(
    "tamper",
    [
        balance,
        money_of_the_subsidy,
        money_of_the_policy,
        redeemed,
        count_of_a_state,
        count_of_a_learner_state,
        missing_redemption,
        redemption_of_another_price,
        reversal_of_what_stands,
        failure_that_kept_the_money,
        entry_of_another_subsidy,
        policy_of_another_subsidy,
        transaction_nobody_names,
        accepted_but_unfinished,
        transaction_of_somebody_else,
        another_price,
        transaction_of_another_policy,
        shown_state,
        order_of_the_shown_state,
    ],
    ids=lambda tamper: tamper.__name__,
)
def test_a_fact_that_was_tampered_with_is_named(database: Database, tamper: Tampering) -> None:
    with database.transaction() as session:
        books = written(session)
        assert books.problems() == []

        expected = tamper(books)

        assert [line for line in books.problems() if line.startswith(expected)] != []


def test_a_redemption_under_way_holds(database: Database) -> None:
    with database.transaction() as session:
        books = written(session)
        uuid = books.assignment(AssignmentState.ALLOCATED, LearnerState.WAITING)
        transaction = books.begin(assignment_uuid=uuid, quantity=-PRICE)
        books.enter(transaction_uuid=transaction, amount_cents=-PRICE)
        books.change(Assignment, uuid, transaction_uuid=transaction)
        of = books.of
        books.change(
            Policy,
            of.policy_uuid,
            allocated_cents=Policy.allocated_cents - PRICE,
            redeemed_cents=Policy.redeemed_cents + PRICE,
        )
        books.change(
            Subsidy,
            of.subsidy_uuid,
            allocated_cents=Subsidy.allocated_cents - PRICE,
            balance_cents=Subsidy.balance_cents - PRICE,
        )

        assert books.problems() == []


@pytest.mark.parametrize(
    ("model", "part_of"),
    [
        (Policy, "subsidy_uuid"),
        (Policy, "catalog_uuid"),
        (AssignmentConfiguration, "policy_uuid"),
        (SubsidyTransaction, "subsidy_uuid"),
        (SubsidyTransaction, "policy_uuid"),
        (SubsidyTransaction, "assignment_uuid"),
        (Assignment, "configuration_uuid"),
        (Assignment, "transaction_uuid"),
        (AssignmentAction, "assignment_uuid"),
    ],
    ids=lambda value: getattr(value, "__tablename__", value),
)
def test_what_is_of_another_enterprise_than_its_whole_is_named(
    database: Database, model: Any, part_of: str
) -> None:
    with database.transaction() as session:
        books = written(session)
        stranger = world.enterprise(session, "globex")
        column = model.__table__.c[part_of]
        uuid = session.scalars(select(model.uuid).where(column.is_not(None)).limit(1)).one()
        books.change(model, uuid, enterprise_uuid=stranger)

        line = f"{model.__tablename__}: {uuid}: of another enterprise than its {part_of}"
        assert line in books.problems()


def test_a_ledger_entry_of_another_enterprise_is_named(database: Database) -> None:
    with database.transaction() as session:
        books = written(session)
        stranger = world.enterprise(session, "globex")
        transaction = books.begin()
        uuid = books.enter(enterprise_uuid=stranger, transaction_uuid=transaction)

        assert books.problems() == [
            f"ledger_entries: {uuid}: of another enterprise than its {name}"
            for name in ("subsidy_uuid", "policy_uuid", "transaction_uuid")
        ]


def test_the_shown_state_is_proved_by_the_same_rule_that_sets_it(database: Database) -> None:
    chance = random.Random(7)
    with database.transaction() as session:
        books = written(session)
        expected: dict[UUID, LearnerState | None] = {}
        for _ in range(40):
            uuid = world.assignment(session, books.of)
            actions = []
            for _ in range(chance.randrange(4)):
                at = NOW + chance.choice([-DAY, 0 * DAY, DAY])
                kind = chance.choice(["notified", "reminded"])
                error = chance.choice([None, "email_error"])
                world.action(session, books.of, uuid, kind, at, error_reason=error)
                actions.append(ActionRecord(kind, at, None if error else at, error))
            expected[uuid] = learner_state(AssignmentState.ALLOCATED, NOW, actions)
        out_of_date = {
            uuid for uuid, shown in expected.items() if shown is not LearnerState.NOTIFYING
        }
        assert {
            UUID(line.split(": ")[1]) for line in books.problems() if "out of date" in line
        } == out_of_date

        for uuid, shown in expected.items():
            order = SORT_ORDER[shown]
            books.change(Assignment, uuid, learner_state=shown, learner_state_sort_order=order)
        assert all("_count is" in line for line in books.problems())
