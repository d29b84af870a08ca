"""Processes end without a word, again and again, and nothing that was promised is lost."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event
from typing import Any
from uuid import uuid4

import httpx
import pytest

from testing.clients.api import JsonObject
from testing.databases.migrated import migrated_url
from testing.fakes import smtp
from testing.servers.cli import Cli
from testing.servers.installation import Ground, running
from testing.shops.budget import BudgetShop
from testing.waiting import wait_until

pytestmark = pytest.mark.slow

CLIENTS = 6
KILLS = 3
PRICE = 100
DEPOSIT = 1_000_000_000
KEPT, CANCELLED, REDEEMED = "allocated", "cancelled", "accepted"


@pytest.fixture
def sink() -> Iterator[smtp.Sink]:
    with smtp.running(smtp.Sink()) as sink:
        yield sink


@pytest.fixture
def ground(
    dialect: str, tmp_path: Path, sink: smtp.Sink, request: pytest.FixtureRequest
) -> Iterator[Ground]:
    is_sqlite = dialect == "sqlite"
    url = migrated_url(tmp_path, None if is_sqlite else request.getfixturevalue("postgres"))
    settings = {"BURSAR_SMTP_URL": sink.url, "BURSAR_SMTP_TIMEOUT": "2"}
    with running(Cli(tmp_path, url), ((),), has_worker=not is_sqlite, settings=settings) as ground:
        yield ground


@dataclass
class Clients:
    """They ask until they are answered, and remember what was promised."""

    budget: BudgetShop
    over: Event = field(default_factory=Event)
    uuids: dict[str, str] = field(default_factory=dict)
    """Of assignments, by address."""
    fates: dict[str, str] = field(default_factory=dict)
    transactions: dict[str, str] = field(default_factory=dict)
    interrupted: int = 0

    def visit(self, number: int) -> None:
        random, step = Random(number), 0
        while not self.over.is_set():
            step += 1
            self.serve(f"learner-{number}-{step}@example.org", random)

    def serve(self, email: str, random: Random) -> None:
        wish = self.budget.wish(email, price=PRICE)
        (created,) = self.insist(202, self.budget.ask, wish).json()["created"]
        self.uuids[email] = created["uuid"]
        fate = random.choice([KEPT, CANCELLED, REDEEMED, REDEEMED])
        if fate == CANCELLED:
            self.insist(200, self.budget.act, "cancel", [created["uuid"]])
        elif fate == REDEEMED:
            body = {"learner_email": email, "content_key": wish["content_key"]}
            answer = self.insist(200, self.budget.redeem_with, body).json()
            self.transactions[email] = answer["uuid"]
        self.fates[email] = fate

    def insist(
        self, status: int, call: Callable[..., httpx.Response], *arguments: Any
    ) -> httpx.Response:
        key = str(uuid4())
        answers: list[httpx.Response] = []

        def is_answered() -> bool:
            try:
                answers.append(call(*arguments, Idempotency_Key=key))
            except httpx.TransportError:
                self.interrupted += 1
            return bool(answers)

        wait_until(is_answered)
        assert answers[0].status_code == status, answers[0].text
        return answers[0]

    def of_fate(self, wanted: str) -> set[str]:
        return {email for email, fate in self.fates.items() if fate == wanted}


def kill_again_and_again(ground: Ground, clients: Clients) -> None:
    """Each time after some more learners were served, and some are served after the last."""
    random = Random(7)
    for number in range(KILLS):
        await_learners(clients, random.randint(1, 40))
        victim = ground.processes[number % len(ground.processes)]
        victim.kill()
        victim.start()
    await_learners(clients, CLIENTS)


def await_learners(clients: Clients, more: int) -> None:
    enough = len(clients.fates) + more
    wait_until(lambda: len(clients.fates) >= enough, "some more learners were served")


def items_of(budget: BudgetShop) -> dict[str, JsonObject]:
    pages = budget.shop.api.pages(budget.assignments_path, params={"page_size": 500})
    items = [item for page in pages for item in page["results"]]
    by_email = {item["learner_email"]: item for item in items}
    assert len(by_email) == len(items)
    return by_email


def mails_of(ground: Ground) -> list[JsonObject]:
    lines = ground.cli.ok("mail", "list", "--json", "--limit", "1000000")
    return [json.loads(line) for line in lines]


def test_whatever_was_acknowledged_is_done_once_and_every_mail_arrives(
    ground: Ground, sink: smtp.Sink
) -> None:
    (budget,) = ground.open_budget(deposit=DEPOSIT)
    clients = Clients(budget)
    with ThreadPoolExecutor(CLIENTS) as threads:
        visits = [threads.submit(clients.visit, number) for number in range(CLIENTS)]
        try:
            kill_again_and_again(ground, clients)
        finally:
            clients.over.set()
        for visit in visits:
            visit.result()
    assert clients.interrupted > 0, "nobody noticed that processes were killed"
    assert_promises_were_kept(clients)
    # A claim of a worker that died lasts a minute: let that minute be over.
    ground.cli.execute("UPDATE deliveries SET claimed_until = NULL WHERE status = 'pending'")
    wait_until(lambda: all(mail["status"] != "pending" for mail in mails_of(ground)))
    assert_mails_arrived(clients, mails_of(ground), sink)
    assert ground.cli.ok("check") == ["everything holds"]


def assert_promises_were_kept(clients: Clients) -> None:
    budget, redeemed = clients.budget, clients.of_fate(REDEEMED)
    wait_until(lambda: budget.assignments(state="accepted")["count"] == len(redeemed))
    items = items_of(budget)
    assert {email: item["uuid"] for email, item in items.items()} == clients.uuids
    assert {email: item["state"] for email, item in items.items()} == clients.fates
    paid = {email: items[email]["transaction_uuid"] for email in redeemed}
    assert paid == clients.transactions
    for uuid in clients.transactions.values():
        assert budget.transaction(uuid)["state"] == "committed"
    spent, promised = PRICE * len(redeemed), PRICE * len(clients.of_fate(KEPT))
    assert budget.figures == (spent, promised, DEPOSIT - spent - promised)


def assert_mails_arrived(clients: Clients, mails: list[JsonObject], sink: smtp.Sink) -> None:
    delivered: defaultdict[str, list[str]] = defaultdict(list)
    for mail in mails:
        if mail["status"] == "delivered":
            delivered[mail["kind"]].append(mail["recipient"])
    assert {mail["status"] for mail in mails} <= {"delivered", "dropped"}
    assert set(delivered["assignment-allocated"]) >= clients.of_fate(KEPT)
    assert sorted(delivered["assignment-cancelled"]) == sorted(clients.of_fate(CANCELLED))
    arrived = {identifier.strip("<").partition("@")[0] for identifier in sink.copies}
    assert arrived >= {mail["uuid"] for mail in mails if mail["status"] == "delivered"}
    waiting = clients.budget.assignments(learner_state="waiting", page_size=1)
    assert waiting["count"] == len(clients.of_fate(KEPT))
