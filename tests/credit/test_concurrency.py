"""Many at once on the same money: nothing is overspent, lost or refused without a reason.

Nothing here tries again: a deadlock would be an error.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import count, cycle, islice
from random import Random
from threading import Lock
from typing import Any

import pytest

from bursar import clock, emails
from bursar.credit.assignments import expiry
from bursar.credit.assignments.attempts import record_attempts
from bursar.credit.assignments.commands import Allocation, LinkLearners
from bursar.credit.assignments.linking import link_learners
from bursar.credit.assignments.refusals import AssignmentsInWrongState
from bursar.credit.policies.commands import Deposit
from bursar.credit.policy_types import PER_LEARNER_SPEND
from bursar.credit.redemption.refusals import TransactionNotCommitted
from bursar.credit.refusals import BudgetRefused
from bursar.database.engine import Database
from bursar.delivery.channel import Attempt, AttemptOutcome, QueuedDelivery
from testing.databases.composed import composed
from testing.together import at_once
from testing.worlds.budgets import ACTOR, DAY, NOW, PRICED, Budget, open_budget
from testing.worlds.catalog import ENTERPRISE

ANA, BEN = "ana@example.com", "ben@example.com"
Job = Callable[[], Any]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """With a connection for each of the threads."""
    database = composed(database_url, pool_size=20)
    yield database
    database.dispose()


def together(jobs: Sequence[Job]) -> list[Any]:
    """Their results; a refusal of the budget is one."""

    def run(job: Job) -> Any:
        try:
            return job()
        except BudgetRefused as refusal:
            return refusal.reason

    return at_once([partial(run, job) for job in jobs])


def allocating(budget: Budget, number: int, learners: int, price: int) -> Job:
    addresses = [f"learner{number}.{each}@example.com" for each in range(learners)]
    return lambda: budget.allocate(*addresses, price=price)


def test_calls_that_together_exceed_the_budget_pass_or_are_refused(database: Database) -> None:
    budget = open_budget(database, spend_limit=5000)
    results = together([allocating(budget, number, 7, 100) for number in range(16)])
    refused = [each for each in results if not isinstance(each, Allocation)]
    assert refused == ["policy_spend_limit_reached"] * 9
    assert budget.figures == (0, 4900, 100)
    assert budget.problems() == []


def test_the_last_cent_is_spent_once(database: Database) -> None:
    budget = open_budget(database, deposit=1000)
    results = together([allocating(budget, number, 1, 1000) for number in range(12)])
    assert sorted(map(str, results))[1:].count("not_enough_value_in_subsidy") == 11
    assert budget.figures == (0, 1000, 0)
    assert len(budget.rows()) == len(budget.mails()) == 1


def test_two_budgets_share_the_money_of_one_subsidy(database: Database) -> None:
    budget = open_budget(database, deposit=5000)
    direct = budget.sibling(policy_type=PER_LEARNER_SPEND)
    siblings = [budget, budget.sibling(), budget.sibling()]
    direct_deposit = 10_000
    budget.change_subsidy(deposits=[Deposit(direct.policy_uuid, direct_deposit, NOW)])
    jobs = [allocating(siblings[n % 3], n, 3, 100 + n) for n in range(13)]
    jobs += [partial(direct.redeem, f"d{n}@example.com", key=PRICED) for n in range(3)]
    together(jobs)
    spent = sum(sum(each.figures[:2]) for each in (*siblings, direct))
    assert spent <= 15_000
    assert budget.money().left_in_subsidy == 15_000 - spent
    assert budget.problems() == []


def test_one_learner_under_many_spellings_is_allocated_once(database: Database) -> None:
    budget = open_budget(database)
    spellings = (ANA, "ANA@example.com", " Ana@Example.Com ", "aNa@EXAMPLE.com")
    wanted = [emails.normalised(spelling) for spelling in islice(cycle(spellings), 12)]
    results = together([partial(budget.allocate, each) for each in wanted])
    assert sum(len(done.created) for done in results) == 1
    assert sum(len(done.no_change) for done in results) == 11
    assert budget.figures == (0, 100, 99_900)


def test_one_account_under_two_addresses_is_allocated_once(database: Database) -> None:
    budget = open_budget(database)
    budget.know([(ANA, 7), (BEN, 7)])
    wanted = islice(cycle((ANA, BEN)), 10)
    results = together([partial(budget.allocate, each) for each in wanted])
    assert sum(len(done.created) for done in results) == 1
    assert budget.figures == (0, 100, 99_900)


def test_two_budgets_pay_once_for_two_addresses_of_one_account(database: Database) -> None:
    # Each with money of its own: budgets of one subsidy would wait for each other there.
    budgets = [open_budget(database, policy_type=PER_LEARNER_SPEND) for _ in range(4)]
    budget = budgets[0]
    budget.know([(ANA, 7), (BEN, 7)])
    addresses = cycle((ANA, BEN))
    results = together([partial(one.redeem, next(addresses), key=PRICED) for one in budgets * 2])
    refused = [each for each in results if isinstance(each, str)]
    assert set(refused) <= {"already_enrolled"}
    assert len(refused) == len(results) - 1
    assert budget.transactions() == 1


def test_an_assignment_is_redeemed_or_cancelled_but_not_both(database: Database) -> None:
    budget = open_budget(database)
    uuids = {row.learner_email: row.uuid for row in budget.allocate(ANA, BEN).created}

    def cancel() -> str:
        try:
            budget.cancel(*uuids.values())
        except AssignmentsInWrongState:
            return "refused"
        return "cancelled"

    redeeming = [partial(budget.redeem, each) for each in (ANA, BEN, ANA, BEN)]
    results = together([cancel, *redeeming, cancel])
    redeemed = [each for each in results[1:5] if not isinstance(each, str)]
    assert len(redeemed) == len(set(redeemed)) == budget.transactions()
    assert (results[0] == "cancelled" or results[5] == "cancelled") == (not redeemed)
    assert budget.problems() == []


def test_a_transaction_ends_once(database: Database) -> None:
    budget = open_budget(database)
    budget.assign()
    transaction = budget.redeem()
    ends: list[Job] = [lambda: budget.complete(transaction), lambda: budget.fail(transaction)]
    together(ends * 5)
    (row,) = budget.rows()
    assert len(budget.actions(row.uuid)) == 1
    assert (
        row.state
        == {"committed": "accepted", "failed": "errored"}[budget.transaction(transaction).state]
    )
    assert budget.problems() == []


class Crowd:
    """Threads that do anything to the assignments of two budgets of one subsidy."""

    def __init__(self, database: Database) -> None:
        self.budget = open_budget(database, deposit=3000)
        self.budgets = (self.budget, self.budget.sibling(spend_limit=1500))
        self.addresses = [f"learner{each}@example.com" for each in range(6)]
        self.instants = (NOW + timedelta(microseconds=each) for each in count())
        self.turn = Lock()

    def work(self, seed: int) -> None:
        random = Random(seed)
        steps = (
            self._allocate,
            self._cancel,
            self._redeem,
            self._expire,
            self._deliver,
            self._link,
        )
        for _ in range(12):
            try:
                random.choice(steps)(random)
            except (BudgetRefused, AssignmentsInWrongState, TransactionNotCommitted):
                continue

    def _allocate(self, random: Random) -> None:
        wanted = random.sample(self.addresses, 3)
        with self.turn:  # no allocation is dated before one that it follows
            budget, price = random.choice(self.budgets), random.randrange(500)
            budget.allocate(*wanted, price=price, now=next(self.instants))

    def _cancel(self, random: Random) -> None:
        budget = random.choice(self.budgets)
        if rows := budget.rows():
            budget.cancel(*(row.uuid for row in random.choices(rows, k=2)))

    def _redeem(self, random: Random) -> None:
        budget = random.choice(self.budgets)
        transaction = budget.redeem(random.choice(self.addresses))
        random.choice((budget.complete, budget.fail))(transaction)
        if random.random() < 0.5:
            budget.reverse(transaction)

    def _expire(self, _random: Random) -> None:
        expiry.expire_assignments(self.budget.database)

    def _deliver(self, random: Random) -> None:
        """Of every budget in one transaction, as a worker does it."""
        names = QueuedDelivery.__dataclass_fields__
        rows = random.sample(pending := self.budget.mails(), k=min(8, len(pending)))
        mails = [QueuedDelivery(**{name: getattr(row, name) for name in names}) for row in rows]
        attempts = [Attempt(mail, random.choice([*AttemptOutcome]), NOW) for mail in mails]
        with self.budget.database.transaction() as session:
            record_attempts(session, attempts, NOW)

    def _link(self, random: Random) -> None:
        known = [(each, number) for number, each in enumerate(self.addresses, start=1)]
        with self.budget.database.transaction() as session:
            command = LinkLearners(ENTERPRISE, dict(random.sample(known, 2)))
            link_learners(session, ACTOR, command, at=NOW)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_many_do_at_once_the_books_stay_true(database: Database, seed: int) -> None:
    crowd = Crowd(database)
    with clock.frozen_at(NOW + 91 * DAY):
        together([partial(crowd.work, seed * 100 + each) for each in range(8)])
    assert crowd.budget.problems() == []
    assert all(budget.money().available >= 0 for budget in crowd.budgets)
