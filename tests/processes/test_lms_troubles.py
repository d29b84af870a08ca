"""An LMS that is slow, fails, throttles and hangs up: in the end everybody sits where they should,
and the LMS was told nothing twice."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bursar.enrollment.bulk.service import LMS_CHUNK_SIZE
from bursar.enrollment.models import Enrollment
from testing.databases.migrated import migrated_url
from testing.fakes.lms import CLIENT_ID, CLIENT_SECRET, FakeLms, Trouble, running_lms
from testing.servers.cli import Cli
from testing.servers.processes import WorkerProcess
from testing.shops.budget import COURSE, BudgetShop, open_budget, redeemed
from testing.shops.bulk import OPEN, SUCCESS, BulkShop, open_bulk
from testing.shops.plan import learners
from testing.shops.service import Service
from testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TIMEOUT = 1.0
ATTEMPTS = 2
"""After so many a job is put off: a few faults in a row show that, too."""
SLOW = Trouble(seconds=0.3)
TOO_SLOW = Trouble(seconds=1.5 * TIMEOUT)
LOST_ANSWERS = [
    Trouble(status=500, done_first=True),
    Trouble(drops=True, done_first=True),
    Trouble(seconds=1.5 * TIMEOUT, done_first=True),
]
FAULTS = [
    Trouble(status=500),
    Trouble(drops=True),
    Trouble(status=429, retry_after="1"),
    Trouble(status=503, retry_after="1"),
    TOO_SLOW,
    SLOW,
]
PEOPLE = learners(12)
COURSES = [OPEN, *(f"C{number}" for number in range(2, 11))]
"""So many that a job has several chunks."""


@dataclass(frozen=True)
class Campus:
    lms: FakeLms
    service: Service
    worker: WorkerProcess
    cli: Cli

    def trouble(self, *troubles: Trouble) -> None:
        self.lms.script(*troubles)

    def open_bulk(self) -> BulkShop:
        """Everybody has a license; some are known with their name in the LMS, some by address."""
        bulk = open_bulk(self.service, *COURSES[1:], num_licenses=len(PEOPLE))
        bulk.license_to(*PEOPLE)
        bulk.know(*PEOPLE[:6])
        bulk.plan.activate(*PEOPLE[6:])
        return bulk

    def assert_told_once(self, keys: Sequence[str], *changes: str, people: int) -> None:
        told = {what: times for what, times in self.lms.effects.items() if what[1] in keys}
        names = [email.partition("@")[0] for email in PEOPLE[:people]]
        wanted = [(name, key, change) for name in names for key in keys for change in changes]
        assert told == dict.fromkeys(wanted, 1)
        assert list(self.lms.troubles) == []


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def campus(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Campus]:
    folder: Path = tmp_path_factory.mktemp("campus")
    is_sqlite = request.param == "sqlite"
    url = migrated_url(folder, None if is_sqlite else request.getfixturevalue("postgres"))
    lms = FakeLms()
    lms.accounts = {email: email.partition("@")[0] for email in PEOPLE}
    with ExitStack() as stack:
        settings = {
            "BURSAR_LMS_URL": stack.enter_context(running_lms(lms)),
            "BURSAR_LMS_CLIENT_ID": CLIENT_ID,
            "BURSAR_LMS_CLIENT_SECRET": CLIENT_SECRET,
            "BURSAR_LMS_TIMEOUT": str(TIMEOUT),
            "BURSAR_LMS_ATTEMPTS": str(ATTEMPTS),
        }
        cli = Cli(folder, url)
        worker = WorkerProcess(folder, cli.environment | settings)
        stack.enter_context(worker)
        yield Campus(lms, Service.running(stack, url, folder, settings), worker, cli)
    assert cli.ok("check") == ["everything holds"]


def test_a_bulk_enrollment(campus: Campus) -> None:
    bulk = campus.open_bulk()
    campus.trouble(Trouble(on="accounts", status=500), Trouble(on="token", status=500))
    campus.trouble(*FAULTS, *LOST_ANSWERS, Trouble(status=401, revokes=True))
    job = bulk.start(bulk.wish(PEOPLE, *COURSES))
    bulk.await_end(job)
    assert set(bulk.outcomes(job).values()) == {SUCCESS}
    assert bulk.plan.counts == (0, 0, len(PEOPLE), 0)
    campus.assert_told_once(
        [bulk.run_key(name) for name in COURSES], "enrolled", people=len(PEOPLE)
    )


def test_a_bulk_enrollment_whose_worker_is_killed_among_slow_answers(campus: Campus) -> None:
    bulk = campus.open_bulk()
    campus.trouble(*[Trouble(seconds=0.2, done_first=True)] * 20)
    job = bulk.start(bulk.wish(PEOPLE, *COURSES))
    assert bulk.status(job)["total"] > LMS_CHUNK_SIZE
    for left in (14, 4):
        wait_until(lambda left=left: len(campus.lms.troubles) <= left)  # type: ignore[misc]
        campus.worker.kill()
        wait_until(lambda: campus.lms.working == 0, "the LMS has answered the dead")
        campus.worker.start()
    bulk.await_end(job)
    assert set(bulk.outcomes(job).values()) == {SUCCESS}
    campus.assert_told_once(
        [bulk.run_key(name) for name in COURSES], "enrolled", people=len(PEOPLE)
    )


def test_what_the_lms_refuses_is_told_pair_by_pair(campus: Campus) -> None:
    bulk = campus.open_bulk()
    campus.lms.unknown_courses = {bulk.run_key("C2")}
    bulk.plan.revoke(PEOPLE[0])
    bulk.license_to("stranger@example.org")
    bulk.plan.activate("stranger@example.org")
    people = ["stranger@example.org", PEOPLE[1]]
    job = bulk.done(bulk.wish(people, OPEN, "C2"))
    found = list(bulk.outcomes(job).values())
    assert found[:2] == [("failed", "LMS error: the learner has no LMS account")] * 2
    assert found[2] == SUCCESS
    assert found[3][0] == "failed"
    assert found[3][1].startswith("LMS error: the LMS refuses the course run or the mode")


def test_a_revocation_ends_what_was_paid_for(campus: Campus) -> None:
    bulk = campus.open_bulk()
    bulk.done(bulk.wish(PEOPLE[:4], *COURSES))
    keys = [bulk.run_key(name) for name in COURSES]
    campus.trouble(Trouble(on="read", status=500), Trouble(on="read", drops=True))
    campus.trouble(*FAULTS, *LOST_ANSWERS)
    assert bulk.plan.revoke(*PEOPLE[:4]).status_code == 204
    wait_until(lambda: not any(seated(campus, email, keys) for email in PEOPLE[:4]))
    wait_until(lambda: ended(campus.cli) == 4 * len(keys))
    campus.assert_told_once(keys, "enrolled", "ended", people=4)


def seated(campus: Campus, email: str, keys: Sequence[str]) -> bool:
    return any(campus.lms.is_enrolled(email.partition("@")[0], key) for key in keys)


def ended(cli: Cli) -> int:
    """Licensed enrollments that are over, by Bursar's own record."""
    with cli.database() as database, database.read() as connection:
        statement = select(func.count()).where(
            Enrollment.payer == "license", Enrollment.unenrolled_at.is_not(None)
        )
        return connection.scalar(statement) or 0


def test_redemptions_and_their_reversal(campus: Campus) -> None:
    budget = open_budget(campus.service)
    people = PEOPLE[:5]
    budget.assigned(*people, price=1_000)
    campus.trouble(*FAULTS, *LOST_ANSWERS)
    uuids = [redeemed(budget, learner_email=email)["uuid"] for email in people]
    wait_until(lambda: states(budget, uuids) == ["committed"] * 5)
    campus.assert_told_once([budget.run_key(COURSE)], "enrolled", people=5)
    assert budget.figures == (5_000, 0, 95_000)

    campus.trouble(Trouble(on="read", status=500), *FAULTS, *LOST_ANSWERS)
    for uuid in uuids:
        assert budget.reverse(uuid).status_code == 200
    wait_until(lambda: not any(seated(campus, email, [budget.run_key(COURSE)]) for email in people))
    wait_until(lambda: not campus.lms.troubles)
    campus.assert_told_once([budget.run_key(COURSE)], "enrolled", "ended", people=5)
    assert budget.figures == (0, 0, 100_000)


def states(budget: BudgetShop, uuids: Sequence[str]) -> list[str]:
    return [budget.transaction(uuid)["state"] for uuid in uuids]


def test_a_redemption_that_the_lms_refuses_gives_the_money_back(campus: Campus) -> None:
    budget = open_budget(campus.service)
    budget.assigned("stranger@example.org", price=1_000)
    campus.trouble(Trouble(on="accounts", status=429, retry_after="1"))
    uuid = redeemed(budget, learner_email="stranger@example.org")["uuid"]
    wait_until(lambda: states(budget, [uuid]) == ["failed"])
    assert budget.transaction(uuid)["error"] == "the learner has no LMS account"
    assert budget.figures == (0, 0, 100_000)
