"""Work that goes from enterprise to enterprise: the faults of a sandbox end and delay it for nobody
else."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import update

from bursar import clock
from bursar.database.engine import Database
from bursar.enrollment import rehearsal
from bursar.enrollment.bulk import enrolling
from bursar.enrollment.bulk.enrolling import EnrolledPairs, Enroller, Job
from bursar.enrollment.bulk.pending import AWAY_AFTER, enroll_pending
from bursar.enrollment.bulk.rules import Pair
from bursar.enrollment.progress.upgrading import upgrade_seats
from bursar.identity.models import Enterprise
from bursar.jobs.queue import JobQueue
from bursar.jobs.runner import CONCURRENCY, MANY_CONCURRENCY
from bursar.sandboxes.service import set_faults
from bursar.sandboxes.views import Faults, LmsFaults
from bursar.subscriptions.endings.tasks import expire_plans
from bursar.subscriptions.endings.unpaid import end_unpaid
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.service import find_live_licenses
from testing.worlds import bulk_enrollment as bulk
from testing.worlds import progress
from testing.worlds import subscriptions as plans
from tests.subscriptions.endings import test_tasks as endings


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(rehearsal, "sleep", seconds.append)
    return seconds


@pytest.fixture
def acme(database: Database) -> Database:
    """Bob has a license."""
    with database.transaction() as session:
        bulk.build(session)
        bulk.plan(session)
        bulk.give(session, [bulk.BOB])
    return database


def rehearse(database: Database, sandbox: UUID, faults: LmsFaults) -> None:
    with database.transaction() as session:
        session.execute(
            update(Enterprise).where(Enterprise.uuid == sandbox).values(is_sandbox=True)
        )
        set_faults(session, bulk.ACTOR, sandbox, Faults(faults), at=clock.now())


def settle(database: Database, lms: bulk.Lms, license_uuid: UUID | None = None) -> int:
    return enroll_pending(database, JobQueue(database), lms, license_uuid)


def waiting(database: Database, number: int) -> None:
    """So many jobs of Acme, each with a pair of Bob's that can be settled now."""
    for _ in range(number):
        bulk.run(database, [bulk.BOB], [bulk.OPEN])
    bulk.activate(database, [bulk.BOB])


def test_slow_sandboxes_never_hold_all_places_of_a_queue() -> None:
    assert min(CONCURRENCY, MANY_CONCURRENCY) > rehearsal.PLACES


def test_a_sandbox_whose_lms_is_away_ends_the_pass_for_nobody(
    acme: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided: list[UUID] = []
    enroll = enrolling.enroll

    def noted(database: Database, lms: Enroller, job: Job, pairs: Sequence[Pair]) -> EnrolledPairs:
        decided.append(job.uuid)
        return enroll(database, lms, job, pairs)

    waiting(acme, AWAY_AFTER + 3)
    rehearse(acme, bulk.ACME, LmsFaults(away=True))
    monkeypatch.setattr(enrolling, "enroll", noted)
    assert settle(acme, bulk.Lms()) == 0
    assert len(decided) == AWAY_AFTER + 3


def test_a_pass_over_pending_pairs_waits_for_no_sandbox(acme: Database, slept: list[float]) -> None:
    waiting(acme, 2)
    rehearse(acme, bulk.ACME, LmsFaults(slow_seconds=30))
    assert settle(acme, bulk.Lms()) == 2
    assert slept == []


def test_what_is_about_one_license_waits(acme: Database, slept: list[float]) -> None:
    waiting(acme, 1)
    rehearse(acme, bulk.ACME, LmsFaults(slow_seconds=30))
    with acme.transaction() as session:
        (mine,) = find_live_licenses(session, bulk.PLAN, [bulk.BOB])
    assert settle(acme, bulk.Lms(), mine.license_uuid) == 1
    assert slept == [30]


def test_an_upgrade_waits_for_no_sandbox(database: Database, slept: list[float]) -> None:
    with database.transaction() as session:
        progress.build(session)
    progress.enroll(database, progress.ANA, mode="audit")
    rehearse(database, progress.ACME, LmsFaults(slow_seconds=30))
    assert upgrade_seats(database, bulk.Lms()) == 1
    assert slept == []


@pytest.fixture
def ended(database: Database) -> Sequence[str]:
    with database.transaction() as session:
        plans.build(session)
        plans.plan(session)
    endings.learners(database, 2, 2)
    with database.transaction() as session:
        plans.revoke(session, plans.emails(2))
    rehearse(database, plans.ENTERPRISE, LmsFaults(slow_seconds=30))
    return plans.emails(2)


def test_the_ends_of_plans_wait_for_no_sandbox(
    database: Database, ended: Sequence[str], slept: list[float]
) -> None:
    lms = endings.FakeLms()
    assert expire_plans(database, lms)["ended"] == 2
    assert (sorted(lms.ended), slept) == (ended, [])


def test_the_ends_of_unpaid_seats_wait_for_no_sandbox(
    database: Database, ended: Sequence[str], slept: list[float]
) -> None:
    with database.transaction() as session:
        session.execute(update(License).values(is_ending=False))
    lms = endings.FakeLms()
    assert end_unpaid(database, lms)["ended"] == 2
    assert (sorted(lms.ended), slept) == (ended, [])
