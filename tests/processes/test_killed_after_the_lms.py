"""Workers end without a word after the LMS has answered: nothing is done twice, nothing lost."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bursar.actors import Actor
from bursar.enrollment.bulk.models import BulkEnrollmentAsked
from bursar.enrollment.models import Enrollment
from bursar.subscriptions.endings.commands import ExpirePlan
from bursar.subscriptions.endings.service import expire_plan
from testing.databases.migrated import migrated_url
from testing.fakes.lms import CLIENT_ID, CLIENT_SECRET, FakeLms, running_lms
from testing.paths import REPOSITORY
from testing.servers.cli import Cli
from testing.servers.processes import WorkerProcess
from testing.shops.budget import COURSE, open_budget, redeemed
from testing.shops.bulk import OPEN, SUCCESS, BulkShop, open_bulk
from testing.shops.service import Service
from testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ANA, BEN = "ana@example.org", "ben@example.org"
ANSWERED, RECORDED = "answered", "recorded"


class MortalWorker(WorkerProcess):
    working_folder = REPOSITORY

    def command(self) -> list[str]:
        return ["-m", "tests.processes.mortal_worker"]

    def await_death(self) -> None:
        process = self._process
        assert process is not None
        wait_until(lambda: process.poll() is not None, "the worker has died")
        assert process.returncode == -9, self.log
        self.kill()


@dataclass(frozen=True)
class Campus:
    lms: FakeLms
    service: Service
    worker: MortalWorker
    cli: Cli
    deaths: Path

    def work(self, *deaths: str) -> None:
        """Workers begin, of whom one dies of each; the last one is left alone."""
        self.deaths.write_text("\n".join(deaths))
        for _ in deaths:
            self.worker.start()
            self.worker.await_death()
        assert self.deaths.read_text() == ""

    def finish(self, is_done: Callable[[], bool]) -> None:
        self.worker.start()
        wait_until(is_done, "what was begun is done")
        self.worker.stop()
        assert self.cli.ok("check") == ["everything holds"]

    def told(self, key: str) -> dict[tuple[str, str], int]:
        """How often the LMS changed something, by username and change."""
        effects = self.lms.effects.items()
        return {(who, what): times for (who, run, what), times in effects if run == key}

    def live(self, key: str) -> int:
        """Enrollments in this run, by Bursar's own record."""
        with self.cli.database() as database, database.read() as connection:
            statement = select(func.count()).where(
                Enrollment.courserun_key == key, Enrollment.unenrolled_at.is_(None)
            )
            return connection.scalar(statement) or 0

    def open_bulk(self, *licensed: str) -> BulkShop:
        bulk = open_bulk(self.service)
        bulk.know(ANA, BEN)
        if licensed:
            bulk.license_to(*licensed)
            bulk.plan.activate(*licensed)
        return bulk


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def campus(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Campus]:
    folder: Path = tmp_path_factory.mktemp("campus")
    is_sqlite = request.param == "sqlite"
    url = migrated_url(folder, None if is_sqlite else request.getfixturevalue("postgres"))
    lms = FakeLms()
    lms.accounts = {email: email.partition("@")[0] for email in (ANA, BEN)}
    with ExitStack() as stack:
        settings = {
            "BURSAR_LMS_URL": stack.enter_context(running_lms(lms)),
            "BURSAR_LMS_CLIENT_ID": CLIENT_ID,
            "BURSAR_LMS_CLIENT_SECRET": CLIENT_SECRET,
        }
        cli, deaths = Cli(folder, url), folder / "deaths"
        environment = cli.environment | settings | {"MORTAL_WORKER": str(deaths)}
        worker = MortalWorker(folder, environment)
        stack.callback(worker.kill)
        service = Service.running(stack, url, folder, settings)
        yield Campus(lms, service, worker, cli, deaths)


def test_a_redemption_and_its_reversal(campus: Campus) -> None:
    budget = open_budget(campus.service)
    budget.know(ana=1000)
    budget.assigned(ANA, price=1_000)
    key = budget.run_key(COURSE)
    uuid = redeemed(budget, learner_email=ANA)["uuid"]
    campus.work(ANSWERED, RECORDED)
    campus.finish(lambda: budget.transaction(uuid)["state"] == "committed")
    assert campus.told(key) == {("ana", "enrolled"): 1}
    assert (campus.live(key), budget.figures) == (1, (1_000, 0, 99_000))

    assert budget.reverse(uuid).status_code == 200
    campus.work(ANSWERED, RECORDED)
    campus.finish(lambda: campus.live(key) == 0)
    assert campus.told(key) == {("ana", "enrolled"): 1, ("ana", "ended"): 1}
    assert budget.figures == (0, 0, 100_000)


def test_a_bulk_enrollment_and_the_revocation(campus: Campus) -> None:
    bulk = campus.open_bulk(ANA, BEN)
    key = bulk.run_key(OPEN)
    job = bulk.start(bulk.wish([ANA, BEN], OPEN))
    campus.work(ANSWERED, RECORDED)
    campus.finish(lambda: bulk.status(job)["state"] == "done")
    assert set(bulk.outcomes(job).values()) == {SUCCESS}
    assert campus.told(key) == {("ana", "enrolled"): 1, ("ben", "enrolled"): 1}

    bulk.plan.revoke(ANA)
    campus.work(ANSWERED, RECORDED)
    campus.finish(lambda: campus.live(key) == 1)
    assert campus.told(key)["ana", "ended"] == 1
    assert not campus.lms.is_enrolled("ana", key)
    assert campus.cli.count(BulkEnrollmentAsked) == 0


def test_a_license_is_revoked_while_no_worker_knows_of_the_seat(campus: Campus) -> None:
    bulk = campus.open_bulk(ANA, BEN)
    key = bulk.run_key(OPEN)
    job = bulk.start(bulk.wish([ANA, BEN], OPEN))
    campus.work(ANSWERED)
    assert campus.lms.is_enrolled("ana", key)
    bulk.plan.revoke(ANA)
    campus.work(RECORDED, ANSWERED)  # the second of them while it gives the seat back
    campus.finish(lambda: not campus.lms.is_enrolled("ana", key))
    assert [status for status, _ in bulk.outcomes(job).values()] == ["failed", "success"]
    assert campus.told(key) == {
        ("ana", "enrolled"): 1, ("ana", "ended"): 1, ("ben", "enrolled"): 1,
    }  # fmt: skip
    assert campus.live(key) == 1
    assert campus.cli.count(BulkEnrollmentAsked) == 0


def test_a_pair_that_waited_for_its_license(campus: Campus) -> None:
    bulk = open_bulk(campus.service)
    bulk.license_to(ANA)
    key = bulk.run_key(OPEN)
    job = bulk.start(bulk.wish([ANA], OPEN))
    campus.finish(lambda: bulk.status(job)["state"] == "done")
    assert bulk.status(job)["pending"] == 1
    bulk.plan.activate(ANA)
    campus.work(ANSWERED)
    bulk.plan.revoke(ANA)
    campus.finish(lambda: not campus.lms.is_enrolled("ana", key))
    assert campus.told(key) == {("ana", "enrolled"): 1, ("ana", "ended"): 1}
    assert bulk.status(job)["failed"] == 1
    assert campus.cli.count(BulkEnrollmentAsked) == 0


def test_a_plan_that_expires(campus: Campus) -> None:
    bulk = campus.open_bulk(ANA)
    key = bulk.run_key(OPEN)
    bulk.start(bulk.wish([ANA], OPEN))
    campus.finish(lambda: campus.live(key) == 1)
    expired = {"uuid": str(bulk.plan.uuid), "expiration_date": "2026-01-01T00:00:00Z"}
    bulk.shop.declare(subscription_plans=[expired])
    # Only marked, as when the task is interrupted: a job does the rest.
    with campus.cli.database() as database, database.transaction() as session:
        command = ExpirePlan(bulk.shop.uuid, bulk.plan.uuid)
        assert expire_plan(session, Actor("test"), command)
    campus.work(ANSWERED, RECORDED)
    campus.finish(lambda: campus.live(key) == 0)
    assert campus.told(key) == {("ana", "enrolled"): 1, ("ana", "ended"): 1}


@pytest.mark.parametrize("changes_mind", [False, True])
def test_direct_enrollments(campus: Campus, changes_mind: bool) -> None:
    bulk = campus.open_bulk()
    key = bulk.run_key(OPEN)

    def ask(**fields: object) -> None:
        item = {"course_run_id": key, "course_mode": "verified", "user_email": ANA} | fields
        path = f"/enterprise/v1/enterprise-customer/{bulk.shop.uuid}/course-enrollments"
        response = bulk.shop.api.post(path, json=[item], headers={"Accept": "application/json"})
        assert response.status_code == 200, response.text

    ask()
    campus.work(ANSWERED)
    if not changes_mind:
        campus.work(RECORDED)
        campus.finish(lambda: campus.live(key) == 1)
        assert campus.told(key) == {("ana", "enrolled"): 1}
    ask(is_active=False)
    campus.work(ANSWERED, RECORDED)
    campus.finish(lambda: not campus.lms.is_enrolled("ana", key) and campus.live(key) == 0)
    assert campus.told(key) == {("ana", "enrolled"): 1, ("ana", "ended"): 1}
