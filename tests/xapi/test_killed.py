"""A worker that is killed while it sends loses nothing, and a real store gets nothing twice."""

import signal
import subprocess
import sys

import pytest
from sqlalchemy import func, select, update

from bursar.database.engine import Database
from bursar.delivery.models import Delivery
from testing.paths import REPOSITORY
from testing.servers.lrs import LearningRecordStore
from testing.waiting import wait_until
from tests.xapi.world import connect, enroll_many, open_enterprise, prepare, send

pytestmark = pytest.mark.slow

EACH = 120


def test_every_statement_arrives_once_although_the_worker_is_killed(
    database: Database, database_url: str, lrs: LearningRecordStore
) -> None:
    world = prepare(database)
    for name in ("Acme", "Globex", "Initech"):
        enterprise = open_enterprise(world, name)
        connect(world, enterprise, lrs.endpoint)
        enroll_many(world, enterprise, EACH)
    command = [sys.executable, "-m", "tests.xapi.mortal_sender", database_url]
    for enough in (1, 60):
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
            wait_until(lambda: len(lrs.statements) >= enough, "some have arrived")  # noqa: B023
            process.send_signal(signal.SIGKILL)
        # As if the leases of the dead worker had ended.
        with world.transaction() as session:
            session.execute(update(Delivery).values(claimed_until=None))
    send(world)
    ids = [each["id"] for each in lrs.statements]
    assert len(ids) == len(set(ids)) == 3 * EACH
    with world.read() as connection:
        statuses = connection.execute(
            select(Delivery.status, func.count()).group_by(Delivery.status)
        ).all()
    assert statuses == [("delivered", 3 * EACH)]
