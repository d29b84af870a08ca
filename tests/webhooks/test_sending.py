"""From an event to the request that tells of it, and what follows from the answer."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event, Thread
from time import monotonic
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from bursar import clock
from bursar.database.engine import Database
from bursar.delivery.models import Delivery
from bursar.identity.service import DeclaredClient, put_client, set_suspended
from bursar.webhooks import service
from bursar.webhooks.asking import request_replay
from bursar.webhooks.commands import Replay
from bursar.webhooks.models import WebhookEndpoint
from bursar.webhooks.service import ChangeEndpoint
from testing.databases.locks import somebody_waits
from testing.fakes.receiver import NEVER, Receiver, receiving
from testing.waiting import wait_until
from tests.webhooks.world import (
    ACTOR,
    CONTACT,
    attempts,
    deliveries,
    failing_since,
    make_due,
    open_endpoint,
    open_enterprise,
    ping,
    prepare,
    send,
    shown,
)

SLOW_MACHINE: Final = 4.0
"""Seconds that a machine with many tests may take longer. A dead endpoint would take fifteen."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def world(database: Database) -> Database:
    return prepare(database)


@pytest.fixture
def enterprise(world: Database) -> UUID:
    return open_enterprise(world)


def change_something(world: Database, enterprise: UUID, name: str = "someone") -> None:
    """Publishes `client.created` and `client.granted`."""
    declared = DeclaredClient(
        client_id=f"{name}-{enterprise.hex[:6]}", enterprise_uuid=enterprise, role="admin"
    )
    with world.transaction() as session:
        put_client(session, ACTOR, declared, at=clock.now())


def test_an_event_is_told_once_signed_and_whole(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    endpoint = open_endpoint(world, enterprise, receiver.url("/told?key=1"))
    change_something(world, enterprise)
    send(world)
    send(world)
    got = receiver.on("/told")
    events = [Webhook(endpoint.secret or "").verify(each.body, each.headers) for each in got]
    assert sorted(each["type"] for each in events) == ["client.created", "client.granted"]
    assert [each["id"] for each in events] == [each.headers["webhook-id"] for each in got]
    assert events[0]["enterprise_customer_uuid"] == str(enterprise)
    assert list(events[0])[:5] == [
        "id", "type", "timestamp", "enterprise_customer_uuid", "object",
    ]  # fmt: skip
    rows = deliveries(world, endpoint)
    assert {(row.status, row.attempts) for row in rows} == {("delivered", 1)}
    assert {row.recipient for row in rows} == {receiver.url("/told")}
    assert [(each.status, each.answer) for each in attempts(world, endpoint)] == [(200, "ok")] * 2
    view = shown(world, endpoint)
    assert view.last_success_at is not None
    assert view.failing_since is None


def test_only_what_an_endpoint_wants_and_what_came_after_it(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    change_something(world, enterprise)
    some = open_endpoint(world, enterprise, receiver.url("/some"), ["client.granted", "ping"])
    none = open_endpoint(world, enterprise, receiver.url("/none"), ["license.*"])
    other = open_endpoint(world, open_enterprise(world), receiver.url("/foreign"))
    change_something(world, enterprise, "another")
    ids = ping(world, none)
    send(world)
    assert [row.kind for row in deliveries(world, some)] == ["client.granted"]
    assert deliveries(world, other) == []
    (got,) = receiver.on("/none")
    assert (got.headers["webhook-id"], json.loads(got.body)["type"]) == (ids[0], "ping")


def test_both_secrets_of_a_rotation_sign(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    endpoint = open_endpoint(world, enterprise, receiver.url("/rotated"))
    with world.transaction() as session:
        rotated = service.rotate_endpoint_secret(session, ACTOR, endpoint.uuid, at=clock.now())
    ping(world, endpoint)
    send(world)
    (got,) = receiver.on("/rotated")
    for secret in (endpoint.secret, rotated.secret):
        assert Webhook(secret or "").verify(got.body, got.headers)
    with clock.frozen_at(clock.now() + timedelta(hours=25)):
        ping(world, endpoint)
        send(world)
    late = receiver.on("/rotated")[-1]
    assert len(late.headers["webhook-signature"].split(" ")) == 1


def test_a_failure_is_tried_again_after_the_pauses(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    endpoint = open_endpoint(world, enterprise, receiver.url("/broken"))
    (identity,) = ping(world, endpoint)
    for number, seconds in enumerate(
        (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400), 1
    ):
        before = clock.now()
        send(world)
        (row,) = deliveries(world, endpoint)
        assert (row.status, row.attempts) == ("pending", number)
        pause = (row.next_attempt_at - before).total_seconds()
        assert 0.9 * seconds <= pause <= 1.1 * seconds + 60
        make_due(world)
    send(world)
    (row,) = deliveries(world, endpoint)
    assert (row.status, row.error) == ("failed", "The endpoint answered 500.")
    made = attempts(world, endpoint)
    assert [each.number for each in made] == list(range(1, 11))
    assert {each.headers["webhook-id"] for each in receiver.on("/broken")} == {identity}
    assert shown(world, endpoint).failing_since is not None


def test_retry_after_is_heeded(world: Database, enterprise: UUID, receiver: Receiver) -> None:
    endpoint = open_endpoint(world, enterprise, receiver.url("/later"))
    ping(world, endpoint, endpoint, endpoint)
    before = clock.now()
    send(world)
    rows = deliveries(world, endpoint)
    assert all(row.next_attempt_at >= before + timedelta(seconds=590) for row in rows)


def test_gone_disables_at_once(world: Database, enterprise: UUID, receiver: Receiver) -> None:
    endpoint = open_endpoint(world, enterprise, receiver.url("/gone"))
    ping(world, endpoint)
    send(world)
    view = shown(world, endpoint)
    assert (view.enabled, view.disabled_reason) == (
        False, "It answered 410: it wants no more events.",
    )  # fmt: skip
    assert [row.status for row in deliveries(world, endpoint)] == ["failed"]
    mail = select(Delivery.recipient, Delivery.kind).where(Delivery.channel == "mail")
    with world.read() as connection:
        assert connection.execute(mail).all() == [(CONTACT, "webhook-disabled")]
    change_something(world, enterprise)
    send(world)
    assert len(deliveries(world, endpoint)) == 1


def test_five_days_without_success_disable(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    endpoint = open_endpoint(world, enterprise, receiver.url("/broken"))
    other = open_endpoint(world, enterprise, receiver.url("/witness"), ["endpoint.*"])
    failing_since(world, endpoint, clock.now() - timedelta(days=4, hours=23))
    ping(world, endpoint, endpoint)
    send(world)
    assert shown(world, endpoint).enabled
    failing_since(world, endpoint, clock.now() - timedelta(days=5))
    make_due(world)
    send(world)
    view = shown(world, endpoint)
    assert (view.enabled, view.disabled_reason) == (
        False, "Nothing could be delivered for five days.",
    )  # fmt: skip
    assert {row.status for row in deliveries(world, endpoint)} == {"dropped"}
    (told,) = receiver.on("/witness")
    assert json.loads(told.body)["data"]["uuid"] == str(endpoint.uuid)
    assert [row.status for row in deliveries(world, other)] == ["delivered"]


def test_a_success_ends_the_count(world: Database, enterprise: UUID, receiver: Receiver) -> None:
    endpoint = open_endpoint(world, enterprise, receiver.url("/well"))
    failing_since(world, endpoint, clock.now() - timedelta(days=6))
    ping(world, endpoint)
    send(world)
    assert shown(world, endpoint).failing_since is None
    assert shown(world, endpoint).enabled


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_what_waits_for_an_endpoint_out_of_use_is_dropped(
    world: Database, enterprise: UUID, receiver: Receiver, how: str
) -> None:
    endpoint = open_endpoint(world, enterprise, receiver.url("/broken"))
    ping(world, endpoint)
    send(world)
    with world.transaction() as session:
        if how == "deleted":
            service.delete_endpoint(session, ACTOR, endpoint.uuid, at=clock.now())
        else:
            off = ChangeEndpoint(enabled=False)
            service.change_endpoint(session, ACTOR, endpoint.uuid, off, at=clock.now())
    make_due(world)
    send(world)
    (row,) = deliveries(world, endpoint)
    assert row.status == "dropped"
    assert len(attempts(world, endpoint)) == 1


def test_nothing_is_sent_for_a_suspended_enterprise(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    endpoint = open_endpoint(world, enterprise, receiver.url("/suspended"))
    ping(world, endpoint)
    for suspended, expected in ((True, 0), (False, 1)):
        with world.transaction() as session:
            set_suspended(session, ACTOR, enterprise, clock.now(), suspended=suspended)
        send(world)
        assert receiver.counts["/suspended"] == expected


def test_at_most_four_at_a_time_and_the_rest_waits_while_it_is_down(
    world: Database, enterprise: UUID, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bursar.webhooks.loop.DEADLINE", 0.5)
    path = f"{NEVER}/four"
    endpoint = open_endpoint(world, enterprise, receiver.url(path))
    ping(world, *[endpoint] * 10)
    send(world)
    assert receiver.most_open[path] == 4
    assert receiver.counts[path] == 4
    rows = deliveries(world, endpoint)
    assert sorted(row.attempts for row in rows) == [0] * 6 + [1] * 4
    assert all(row.claimed_until is None for row in rows)
    assert all(row.next_attempt_at > clock.now() for row in rows)


def test_events_of_the_past_are_sent_again(
    world: Database, enterprise: UUID, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bursar.webhooks.replaying.BATCH", 2)
    endpoint = open_endpoint(world, enterprise, receiver.url("/replayed"), ["client.created"])
    begin = clock.now()
    for number in range(5):
        change_something(world, enterprise, f"client {number}")
    send(world)
    first = [each.headers["webhook-id"] for each in receiver.on("/replayed")]
    assert len(set(first)) == 5
    command = Replay(since=begin, event_types=["client.*"])
    with world.transaction() as session:
        request_replay(session, ACTOR, endpoint.uuid, command, at=clock.now())
    change_something(world, enterprise, "later")
    send(world)
    again = [each.headers["webhook-id"] for each in receiver.on("/replayed")][5:]
    assert set(first) < set(again)
    assert len(again) == 6
    with world.transaction() as session:
        assert session.get_one(WebhookEndpoint, endpoint.uuid).replay_position is None


def test_dead_endpoints_delay_no_live_one(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    dead = [
        open_endpoint(world, enterprise, receiver.url(f"{NEVER}/{number}"), ["ping"])
        for number in range(100)
    ]
    live = open_endpoint(world, enterprise, receiver.url("/alive"), ["ping"])
    for _ in range(6):
        ping(world, *dead)
    stopping = Event()
    sender = Thread(target=send, args=(world, stopping))
    sender.start()
    try:
        wait_until(lambda: sum(receiver.open[each] for each in receiver.open) >= 400)
        for number in range(1, 4):
            asked = monotonic()
            ping(world, live)
            wait_until(lambda: receiver.counts["/alive"] == number)  # noqa: B023 - within the turn
            # A second, and what this machine needs for everything else.
            assert receiver.on("/alive")[-1].at - asked < 1 + SLOW_MACHINE
    finally:
        stopping.set()
        sender.join()
    assert {receiver.most_open[f"{NEVER}/{number}"] for number in range(100)} == {4}
    # What was not begun, or had no end, is given back.
    assert all(row.claimed_until is None for each in dead for row in deliveries(world, each))


def test_two_workers_share_the_limit(world: Database, enterprise: UUID, receiver: Receiver) -> None:
    path = f"{NEVER}/shared"
    endpoint = open_endpoint(world, enterprise, receiver.url(path))
    ping(world, *[endpoint] * 60)
    stopping = Event()
    workers = [Thread(target=send, args=(world, stopping)) for _ in range(2)]
    for each in workers:
        each.start()
    try:
        wait_until(lambda: receiver.open[path] == 4)
        ping(world, *[endpoint] * 60)
        wait_until(lambda: len(deliveries(world, endpoint)) == 120)
    finally:
        stopping.set()
        for each in workers:
            each.join()
    assert receiver.most_open[path] == 4


def test_who_records_waits_for_who_deletes_before_it_holds_deliveries(
    world: Database, enterprise: UUID, receiver: Receiver
) -> None:
    if world.is_sqlite:
        pytest.skip("SQLite has one writer")
    endpoint = open_endpoint(world, enterprise, receiver.url("/later"))
    change_something(world, enterprise)
    with capture_logs() as logs, ThreadPoolExecutor(1) as pool, world.transaction() as session:
        session.scalars(select(WebhookEndpoint).with_for_update(key_share=True)).one()
        sending = pool.submit(send, world)
        wait_until(lambda: somebody_waits(world), "what came of it is to be recorded")
        # With the deliveries locked before, this would be a deadlock, and it would be tried again.
        service.delete_endpoint(session, ACTOR, endpoint.uuid, at=clock.now())
    sending.result()
    assert "webhooks wait for the database" not in [each["event"] for each in logs]
    assert {row.status for row in deliveries(world, endpoint)} == {"dropped"}
