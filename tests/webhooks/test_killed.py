"""A worker that is killed while it sends loses nothing."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select, update

from bursar.database.engine import Database
from bursar.delivery.models import Delivery
from testing.fakes.receiver import Receiver, receiving
from testing.paths import REPOSITORY
from testing.waiting import wait_until
from tests.webhooks.world import open_endpoint, open_enterprise, ping, prepare, send

pytestmark = pytest.mark.slow

EVENTS = 200


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_every_event_arrives_although_the_worker_is_killed(
    database: Database, database_url: str, receiver: Receiver
) -> None:
    world = prepare(database)
    enterprise = open_enterprise(world)
    endpoints = [open_endpoint(world, enterprise, receiver.url(f"/{n}"), ["ping"]) for n in "abcd"]
    ids = ping(world, *(endpoints[number % 4] for number in range(EVENTS)))
    command = [sys.executable, "-m", "tests.webhooks.mortal_sender", database_url]
    for enough in (5, 25):
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
            wait_until(lambda: receiver.counts.total() >= enough, "some have arrived")  # noqa: B023
            process.send_signal(signal.SIGKILL)
    # As if the leases of the dead workers had ended.
    with world.transaction() as session:
        session.execute(update(Delivery).values(claimed_until=None))
    send(world)
    arrived = Counter(json.loads(each.body)["id"] for each in receiver.received)
    assert arrived.keys() == set(ids)
    with world.read() as connection:
        statuses = connection.execute(
            select(Delivery.status, func.count()).group_by(Delivery.status)
        ).all()
    assert statuses == [("delivered", EVENTS)]
