"""Many clients at once on real processes: no budget pays a cent too much, and all are served."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from threading import Barrier, Event

import httpx
import pytest

from testing.databases.migrated import migrated_url
from testing.servers.cli import Cli
from testing.servers.installation import Ground, running
from testing.shops.budget import COURSE, PRICED, BudgetShop, emails
from testing.waiting import wait_until

pytestmark = pytest.mark.slow

THREADS = 16
STEPS = 14
DEPOSIT = 100_000
LIMIT = 70_000
INSTALLATIONS = {
    "postgresql": (("--workers", "2"),),
    "sqlite, one server": ((),),
    "sqlite, two servers": ((), ("--no-worker",)),
}
DONE_OR_REFUSED = {
    "allocate": {202, 422},
    "cancel": {200, 422},
    "remind": {200, 422},
    "redeem": {200, 422},
    "reverse": {200, 422},
}


@pytest.fixture(scope="module", params=INSTALLATIONS)
def ground(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    is_sqlite = request.param.startswith("sqlite")
    folder = tmp_path_factory.mktemp("ground")
    url = migrated_url(folder, None if is_sqlite else request.getfixturevalue("postgres"))
    servers = INSTALLATIONS[request.param]
    with running(Cli(folder, url), servers, has_worker=not is_sqlite) as installation:
        yield installation


def assert_all_holds(ground: Ground) -> None:
    assert ground.cli.ok("check") == ["everything holds"]
    for process in ground.processes:
        assert "error" not in process.log.lower()


def test_exactly_as_many_learners_are_taken_as_the_money_is_for(ground: Ground) -> None:
    """Two budgets of one subsidy, one of them limited, and too many learners for each."""
    price, learners = 6_999, emails(24)
    limited = ground.open_budget(deposit=DEPOSIT, spend_limit=LIMIT)
    unlimited = ground.everywhere(limited[0].sibling())
    wishes = [
        (budgets[number % len(budgets)], email)
        for number, email in enumerate(learners)
        for budgets in (limited, unlimited)
    ]

    def allocate(wish: tuple[BudgetShop, str]) -> int:
        budget, email = wish
        return budget.ask(budget.wish(email, price=price)).status_code

    with ThreadPoolExecutor(THREADS) as threads:
        statuses = Counter(threads.map(allocate, wishes))
    affordable = DEPOSIT // price
    assert statuses == {202: affordable, 422: 2 * len(learners) - affordable}
    taken = limited[0].figures[1] + unlimited[0].figures[1]
    assert taken == affordable * price
    assert limited[0].figures[1] <= LIMIT
    assert_all_holds(ground)


def test_two_spellings_of_a_learner_at_the_same_time_are_one(ground: Ground) -> None:
    budgets = ground.open_budget(deposit=DEPOSIT)
    barrier = Barrier(2)

    def allocate(spelling: str, budget: BudgetShop, name: str) -> list[str]:
        barrier.wait(30)
        answer = budget.allocate(spelling.format(name), price=10)
        return [item["uuid"] for bucket in answer.values() for item in bucket]

    with ThreadPoolExecutor(2) as threads:
        for number in range(20):
            calls = [
                threads.submit(allocate, spelling, budget, f"twin{number}")
                for spelling, budget in (
                    ("{}@example.org", budgets[0]),
                    (" {}@EXAMPLE.org", budgets[-1]),
                )
            ]
            first, second = (call.result() for call in calls)
            assert first == second
            assert len(first) == 1
    assert budgets[0].figures[1] == 200
    assert budgets[0].assignments()["count"] == 20
    assert_all_holds(ground)


@dataclass
class Storm:
    """What the clients did, and what they know of."""

    budgets: Sequence[Sequence[BudgetShop]]
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    assignments: list[tuple[int, str]] = field(default_factory=list)
    """With the number of the budget, as transactions."""
    transactions: list[tuple[int, str]] = field(default_factory=list)
    learners: list[str] = field(default_factory=lambda: emails(40))

    def visit(self, number: int) -> Counter[tuple[str, int]]:
        """A client's whole stay."""
        random, answers = Random(number), Counter[tuple[str, int]]()
        actions: list[Callable[[int, BudgetShop, Random], tuple[str, httpx.Response]]] = [
            self.allocate,
            self.allocate,
            self.change,
            self.redeem,
            self.redeem,
            self.reverse,
        ]
        for step in range(STEPS):
            chosen = random.randrange(len(self.budgets))
            servers = self.budgets[chosen]
            action = actions[0] if step < 2 else random.choice(actions)
            name, response = action(chosen, servers[number % len(servers)], random)
            assert response.status_code in DONE_OR_REFUSED[name], response.text
            answers[name, response.status_code] += 1
        return answers

    def allocate(
        self, chosen: int, budget: BudgetShop, random: Random
    ) -> tuple[str, httpx.Response]:
        some = random.sample(self.learners, random.randint(1, 6))
        content, price = random.choice([(COURSE, 997), (COURSE, 3_333), (PRICED, 9_999)])
        response = budget.ask(budget.wish(*some, content=content, price=price))
        if response.status_code == 202:
            created = response.json()["created"]
            self.assignments.extend((chosen, item["uuid"]) for item in created)
        return "allocate", response

    def change(self, chosen: int, budget: BudgetShop, random: Random) -> tuple[str, httpx.Response]:
        known = [uuid for number, uuid in list(self.assignments) if number == chosen]
        what = random.choice(["cancel", "cancel", "remind"])
        some = random.sample(known, min(len(known), random.randint(1, 2)))
        if not some:
            return self.allocate(chosen, budget, random)
        return what, budget.act(what, some)

    def redeem(self, chosen: int, budget: BudgetShop, random: Random) -> tuple[str, httpx.Response]:
        email = random.choice(self.learners)
        response = budget.redeem(random.choice([COURSE, PRICED]), learner_email=email)
        if response.status_code == 200:
            self.transactions.append((chosen, response.json()["uuid"]))
        return "redeem", response

    def reverse(
        self, chosen: int, budget: BudgetShop, random: Random
    ) -> tuple[str, httpx.Response]:
        known = [uuid for number, uuid in list(self.transactions) if number == chosen]
        if not known:
            return self.redeem(chosen, budget, random)
        return "reverse", budget.reverse(random.choice(known))

    def watch(self, is_over: Event) -> int:
        """Reads the books over and over; returns how often."""
        budget, readings = self.budgets[0][0], 0
        while not is_over.is_set() or not readings:
            found = [item["aggregates"] for item in budget.policies()["results"]]
            spent = {
                name: sum(each[name] for each in found)
                for name in ("amount_redeemed_usd_cents", "amount_allocated_usd_cents")
            }
            assert min(spent.values()) >= 0
            assert sum(spent.values()) <= DEPOSIT
            redeemed, allocated, available = budget.figures
            assert redeemed + allocated <= LIMIT
            assert 0 <= available <= LIMIT - redeemed - allocated
            readings += 1
            is_over.wait(0.05)
        return readings

    def is_settled(self) -> bool:
        return all(
            self.budgets[chosen][0].transaction(uuid)["state"] != "created"
            for chosen, uuid in self.transactions
        )


@contextmanager
def watched(storm: Storm) -> Iterator[None]:
    over = Event()
    with ThreadPoolExecutor(1) as threads:
        watch = threads.submit(storm.watch, over)
        try:
            yield
        finally:
            over.set()
        assert watch.result() > 1


def test_whatever_clients_do_at_once_the_books_are_right_at_every_moment(ground: Ground) -> None:
    limited = ground.open_budget(deposit=DEPOSIT, spend_limit=LIMIT)
    storm = Storm([limited, ground.everywhere(limited[0].sibling())])
    with watched(storm), ThreadPoolExecutor(THREADS) as threads:
        answers = sum(threads.map(storm.visit, range(THREADS)), Counter[tuple[str, int]]())
    assert {name for name, status in answers if status in {200, 202}} >= {
        "allocate",
        "cancel",
        "redeem",
    }
    assert ("allocate", 422) in answers, "the budgets were never short of money"
    wait_until(storm.is_settled)
    assert_all_holds(ground)
    for chosen, budgets in enumerate(storm.budgets):
        items = budgets[0].assignments(page_size=500)["results"]
        kept = {uuid for number, uuid in storm.assignments if number == chosen}
        assert {item["uuid"] for item in items} == kept
        assert len({(item["learner_email"], item["content_key"]) for item in items}) == len(items)
