"""Any sequence of changes leaves the books that a simple model has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bursar.credit.assignments.refusals import AssignmentsInWrongState
from bursar.credit.redemption.refusals import TransactionNotCommitted
from bursar.credit.refusals import BudgetRefused
from bursar.database.engine import Database
from testing.worlds.budgets import DAY, NOW, open_budget

DEPOSIT, LIMIT = 1000, 800
LEARNERS = [f"{name}@example.com" for name in ("ana", "ben", "chris", "dora")]
WHO = st.lists(st.sampled_from(LEARNERS), min_size=1, unique=True)
ONE = st.sampled_from(LEARNERS)
PRICES = st.sampled_from([0, 1, 199, 200, 201, 399, 400, 401, 799, 800, 801])


@dataclass
class Known:
    """What the model knows of one assignment."""

    uuid: UUID
    state: str
    price: int
    allocated_at: datetime
    transaction: UUID | None = None
    """While it is redeemed or accepted."""

    @property
    def shown(self) -> str:
        return "redeeming" if self.state == "allocated" and self.transaction else self.state


class Books(RuleBasedStateMachine):
    database: ClassVar[Database]

    def __init__(self) -> None:
        super().__init__()
        self.budget = open_budget(
            self.database,
            deposit=DEPOSIT,
            spend_limit=LIMIT,
            subsidy_expiration_datetime=NOW + 36_000 * DAY,
        )
        self.known: dict[str, Known] = {}
        self.now = NOW

    def total(self, *shown: str) -> int:
        return sum(each.price for each in self.known.values() if each.shown in shown)

    @property
    def spent(self) -> int:
        return self.total("allocated", "redeeming", "accepted")

    @rule(who=WHO, price=PRICES)
    def allocate(self, who: Sequence[str], price: int) -> None:
        lasting = {"allocated", "redeeming", "accepted"}
        wanted = [
            each for each in who if each not in self.known or self.known[each].shown not in lasting
        ]
        cost = price * len(wanted)
        short = cost > DEPOSIT - self.spent
        if cost and (short or cost > LIMIT - self.spent):
            reason = "not_enough_value_in_subsidy" if short else "policy_spend_limit_reached"
            assert self._refusal(partial(self.budget.allocate, *who), price=price) == reason
            return
        done = self.budget.allocate(*who, price=price, now=self.now)
        fresh = {row.learner_email: row.uuid for row in (*done.created, *done.updated)}
        assert set(fresh) == set(wanted)
        assert {row.learner_email for row in done.no_change} == set(who) - set(wanted)
        assert {row.learner_email for row in done.updated} == self.known.keys() & set(wanted)
        for email, uuid in fresh.items():
            assert email not in self.known or self.known[email].uuid == uuid
            self.known[email] = Known(uuid, "allocated", price, self.now)

    def _refusal(self, change: Any, **wish: Any) -> str | None:
        try:
            change(now=self.now, **wish)
        except BudgetRefused as refusal:
            return refusal.reason
        return None

    @rule(who=WHO)
    def cancel(self, who: Sequence[str]) -> None:
        if self._all_in(self.budget.cancel, who, {"allocated", "errored", "cancelled"}):
            for email in who:
                self.known[email].state = "cancelled"

    @rule(who=WHO)
    def remind(self, who: Sequence[str]) -> None:
        self._all_in(self.budget.remind, who, {"allocated"})

    def _all_in(self, change: Any, who: Sequence[str], allowed: set[str]) -> bool:
        shown = {
            (self.known[each].uuid if each in self.known else uuid4()): (
                self.known[each].shown if each in self.known else "not found"
            )
            for each in who
        }
        wrong = {uuid: state for uuid, state in shown.items() if state not in allowed}
        if not wrong:
            change(*shown, now=self.now)
            return True
        with pytest.raises(AssignmentsInWrongState) as caught:
            change(*shown, now=self.now)
        assert caught.value.states == wrong
        return False

    @rule(email=ONE)
    def redeem(self, email: str) -> None:
        known = self.known.get(email)
        reasons = {
            None: "assignment_not_found",
            "redeeming": "redemption_in_progress",
            "accepted": "already_enrolled",
            "expired": "assignment_expired",
            "allocated": None,
        }
        reason = reasons.get(known.shown if known else None, "assignment_not_allocated")
        if known is not None and reason is None and self._is_over(known):
            reason = "assignment_expired"
        if reason is not None or known is None:
            assert self._refusal(partial(self.budget.redeem, email)) == reason
            return
        known.transaction = self.budget.redeem(email, now=self.now)

    def _is_over(self, known: Known) -> bool:
        return known.allocated_at + 90 * DAY <= self.now

    @rule(email=ONE, is_good=st.booleans())
    def settle(self, email: str, *, is_good: bool) -> None:
        known = self.known.get(email)
        if known is None or known.transaction is None:
            return
        (self.budget.complete if is_good else self.budget.fail)(known.transaction, self.now)
        if known.shown == "redeeming":
            known.state = "accepted" if is_good else "errored"
            known.transaction = known.transaction if is_good else None

    @rule(email=ONE)
    def reverse(self, email: str) -> None:
        known = self.known.get(email)
        if known is None or known.transaction is None:
            return
        if known.shown == "accepted":
            self.budget.reverse(known.transaction, self.now)
            self.budget.end_enrollment(known.transaction, self.now)
            known.state, known.transaction = "reversed", None
            return
        with pytest.raises(TransactionNotCommitted):
            self.budget.reverse(known.transaction, self.now)

    @rule(days=st.sampled_from([1, 45, 89, 90]))
    def expire(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.budget.expire(self.now)
        for known in self.known.values():
            if known.shown == "allocated" and self._is_over(known):
                known.state = "expired"

    @invariant()
    def totals_are_those_of_the_model(self) -> None:
        money = self.budget.money()
        assert money.allocated == money.subsidy_allocated == self.total("allocated")
        assert money.redeemed == self.total("redeeming", "accepted")
        assert money.subsidy_balance == DEPOSIT - money.redeemed
        assert money.available == LIMIT - self.spent
        assert self.spent <= LIMIT
        assert self.budget.states() == {email: known.state for email, known in self.known.items()}

    def teardown(self) -> None:
        try:
            assert self.budget.problems() == []
        finally:
            self._give_seats_back()

    def _give_seats_back(self) -> None:
        """A seat is paid for once in an enterprise: the next run's budget could not pay for it."""
        for known in self.known.values():
            if known.transaction is None:
                continue
            if known.shown == "redeeming":
                self.budget.fail(known.transaction, self.now)
            elif known.shown == "accepted":
                self.budget.reverse(known.transaction, self.now)
                self.budget.end_enrollment(known.transaction, self.now)


def test_the_books_are_those_of_a_simple_model(database: Database) -> None:
    checks = settings(
        max_examples=25 if database.is_sqlite else 5,
        stateful_step_count=25,
    )
    machine = type("BooksOfThisDatabase", (Books,), {"database": database})
    run_state_machine_as_test(machine, settings=checks)
