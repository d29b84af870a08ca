"""Processes end without a word while a bulk enrollment runs, again and again: each pair once."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx
import pytest
from sqlalchemy import func, select

from bursar.delivery.models import Delivery
from bursar.enrollment.bulk.mail import ENROLLED
from bursar.enrollment.models import Enrollment
from bursar.learners.models import Learner
from bursar.subscriptions.licenses.models import License
from testing.databases.migrated import migrated_url
from testing.servers.cli import Cli
from testing.servers.installation import Ground, running
from testing.servers.processes import ServerProcess, WorkerProcess
from testing.shops.bulk import CLOSED, OPEN, BulkShop, open_bulk
from testing.shops.plan import learners
from testing.waiting import let_pass, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PEOPLE, COURSES = 150, 120
KNOWN, LICENSED = 100, 130
"""Who has an account too, and who at least a license."""
PAIRS = PEOPLE * (COURSES + 1)
KILLS = 4


@dataclass(frozen=True)
class Scene:
    ground: Ground
    victims: list[ServerProcess]


@pytest.fixture
def scene(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A server that does its own work, or one with two workers beside it."""
    is_sqlite = dialect == "sqlite"
    url = migrated_url(tmp_path, None if is_sqlite else request.getfixturevalue("postgres"))
    with running(Cli(tmp_path, url), ((),), has_worker=not is_sqlite) as ground:
        if is_sqlite:
            yield Scene(ground, ground.processes)
            return
        with WorkerProcess(tmp_path, ground.cli.environment) as second:
            assert ground.worker is not None
            yield Scene(ground, [ground.worker, second])


def names() -> list[str]:
    return [OPEN, *(f"C{number}" for number in range(COURSES - 1))]


@pytest.fixture
def bulk(scene: Scene) -> BulkShop:
    bulk = open_bulk(scene.ground.services[0], *names()[1:], num_licenses=LICENSED)
    bulk.license_to(*learners(LICENSED))
    bulk.know(*learners(KNOWN))
    return bulk


def done_pairs(bulk: BulkShop, job: str) -> int:
    """None are known of while the server is away."""
    try:
        return int(bulk.status(job)["done"])
    except httpx.TransportError:
        return 0


def kill_until_done(scene: Scene, bulk: BulkShop, job: str) -> list[int]:
    """How many pairs were done at each kill: the first comes at once, the others after more."""
    random, killed_at = Random(11), list[int]()

    def is_done() -> bool:
        done = done_pairs(bulk, job)
        if len(killed_at) < KILLS and done < PAIRS and (not killed_at or done > killed_at[-1]):
            killed_at.append(done)
            let_pass(random.uniform(0, 0.3))
            victim = scene.victims[len(killed_at) % len(scene.victims)]
            victim.kill()
            victim.start()
        return done >= PAIRS

    wait_until(is_done, "every pair is done")
    return killed_at


def test_a_job_survives_whatever_is_killed_and_does_each_pair_once(
    scene: Scene, bulk: BulkShop
) -> None:
    job = bulk.start(bulk.wish(learners(PEOPLE), *names(), CLOSED, notify=True))
    killed_at = kill_until_done(scene, bulk, job)
    assert any(killed_at), "it was done before it was disturbed"
    assert_rows(bulk, job)
    assert_records(scene.ground.cli)
    assert scene.ground.cli.ok("check") == ["everything holds"]


def assert_rows(bulk: BulkShop, job: str) -> None:
    status = bulk.status(job)
    succeeded, pending = KNOWN * COURSES, (LICENSED - KNOWN) * COURSES
    assert (status["state"], status["total"], status["done"]) == ("done", PAIRS, PAIRS)
    assert (status["succeeded"], status["pending"]) == (succeeded, pending)
    _, *rows = csv.reader(io.StringIO(bulk.download(job).text, newline=""))
    keys = [bulk.run_key(name) for name in (*names(), CLOSED)]
    assert [row[:2] for row in rows] == [[email, key] for email in learners(PEOPLE) for key in keys]
    assert Counter(row[2] for row in rows) == {
        "success": succeeded,
        "pending": pending,
        "failed": PAIRS - succeeded - pending,
    }


def assert_records(cli: Cli) -> None:
    """Nobody is enrolled twice, or told of it twice."""
    seats = select(Learner.email, Enrollment.courserun_key).join_from(
        Learner, Enrollment, Enrollment.learner_id == Learner.id
    )
    mails = select(Delivery.recipient, Delivery.context).where(Delivery.kind == ENROLLED)
    activated = select(func.count()).where(License.status == "activated")
    with cli.database() as database, database.read() as connection:
        found = [tuple(row) for row in connection.execute(seats)]
        told = [
            (recipient, course["title"])
            for recipient, context in connection.execute(mails)
            for course in context["courses"]
        ]
        assert connection.scalar(activated) == KNOWN
    for pairs in (found, told):
        assert len(set(pairs)) == len(pairs) == KNOWN * COURSES
