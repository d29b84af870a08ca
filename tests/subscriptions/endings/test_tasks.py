"""What a revoked license or an expired plan had paid for ends, in the LMS and in the records."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import select, text

from bursar import clock
from bursar.database.engine import Database
from bursar.enrollment.commands import NewEnrollment, Payer
from bursar.enrollment.gateway import LmsEnrollment, LmsOutcome, LmsUnavailable
from bursar.enrollment.models import Enrollment
from bursar.enrollment.service import record_enrollments
from bursar.jobs.worker import Worker
from bursar.learners.service import ensure_learners
from bursar.settings import Settings
from bursar.subscriptions.endings import jobs
from bursar.subscriptions.endings import service as ending
from bursar.subscriptions.endings.tasks import expire_plans
from bursar.subscriptions.renewals.tasks import process_renewals
from testing.databases.composed import opener
from testing.waiting import wait_until
from testing.worlds.subscriptions import (
    ACTOR,
    ENTERPRISE,
    NEXT_PLAN,
    NOW,
    PLAN,
    activate,
    assign,
    change,
    days,
    emails,
    licenses_of,
    published,
    renewal,
    revoke,
)

SETTINGS = Settings()
AWAY = LmsOutcome("away", is_unavailable=True)


class FakeLms:
    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.ended: list[str] = []
        self.silent: set[str] = set()
        """Addresses about which it does not answer."""

    def enroll(self, seats: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        raise AssertionError

    def end(self, seats: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        if self.failures:
            self.failures -= 1
            return [AWAY for _ in seats]
        self.ended += [seat.email for seat in seats if seat.email not in self.silent]
        return [
            AWAY if seat.email in self.silent else LmsOutcome("unknown there") for seat in seats
        ]


@pytest.fixture
def lms() -> FakeLms:
    return FakeLms()


def enroll(database: Database, plan_uuid: UUID = PLAN) -> None:
    """Everyone who has activated a license of the plan."""
    with database.transaction() as session:
        held = licenses_of(session, plan_uuid, "activated")
        addresses = [str(each.user_email) for each in held]
        learners = ensure_learners(session, ENTERPRISE, addresses, NOW)
        rows = [
            NewEnrollment(
                ENTERPRISE,
                learners[str(each.user_email)].id,
                "course-v1:edX+DemoX+1",
                Payer.LICENSE,
                license_uuid=each.uuid,
            )
            for each in held
        ]
        record_enrollments(session, ACTOR, rows, at=NOW)


def live(database: Database) -> int:
    with database.read() as connection:
        statement = select(Enrollment.id).where(Enrollment.unenrolled_at.is_(None))
        return len(connection.execute(statement).all())


def jobs_waiting(database: Database) -> list[str]:
    table = "workflow_status" if database.is_sqlite else "dbos.workflow_status"
    with database.read() as connection:
        return list(connection.scalars(text(f"SELECT name FROM {table}")))


def learners(database: Database, number: int, activated: int) -> None:
    with database.transaction() as session:
        assign(session, emails(number))
        activate(session, emails(activated))
    enroll(database)


def test_only_activated_licenses_have_something_to_end(acme: Database, lms: FakeLms) -> None:
    learners(acme, 4, 2)
    with acme.transaction() as session:
        revoke(session, emails(4)[3:])
    assert jobs_waiting(acme) == []
    with acme.transaction() as session:
        revoke(session, emails(1))
    assert jobs_waiting(acme) == [jobs.END]
    assert ending.end_batch(acme, lms, PLAN) == 1
    assert ending.end_batch(acme, lms, PLAN) == 0
    assert (lms.ended, live(acme)) == (emails(1), 1)


def test_an_lms_that_is_away_is_asked_again(
    acme: Database, lms: FakeLms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "BATCH", 2)
    learners(acme, 5, 5)
    with acme.transaction() as session:
        revoke(session, emails(5))
    lms.failures = 1
    with pytest.raises(LmsUnavailable):
        ending.end_batch(acme, lms, PLAN)
    assert live(acme) == 5
    assert [ending.end_batch(acme, lms, PLAN) for _ in range(4)] == [2, 2, 1, 0]
    assert (sorted(lms.ended), live(acme)) == (emails(5), 0)


def test_a_learner_about_whom_the_lms_does_not_answer_keeps_nobody_else_enrolled(
    acme: Database, lms: FakeLms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "BATCH", 2)
    learners(acme, 5, 5)
    with acme.transaction() as session:
        revoke(session, emails(5))
    lms.silent = set(emails(1))
    settled: list[int] = []
    with pytest.raises(LmsUnavailable):
        settled.extend(iter(lambda: ending.end_batch(acme, lms, PLAN), 0))
    assert (sum(settled), sorted(lms.ended), live(acme)) == (4, emails(5)[1:], 1)
    lms.silent = set()
    assert [ending.end_batch(acme, lms, PLAN) for _ in range(2)] == [1, 0]
    assert (sorted(lms.ended), live(acme)) == (emails(5), 0)


@pytest.mark.slow
def test_a_worker_asks_an_lms_that_is_away_until_it_answers(
    acme: Database, lms: FakeLms, database_url: str
) -> None:
    learners(acme, 3, 3)
    lms.failures = 1
    with acme.transaction() as session:
        revoke(session, emails(2))
    worker = Worker(opener(database_url), jobs.workflows(lms), polling_seconds=0.1)
    worker.start()
    try:
        wait_until(lambda: live(acme) == 1, "two enrollments have ended")
    finally:
        worker.stop()
    assert (sorted(lms.ended), lms.failures) == (emails(2), 0)


def expire(database: Database, lms: FakeLms, day: float) -> dict[str, int]:
    with clock.frozen_at(days(day)):
        return dict(expire_plans(database, lms))


def test_an_expired_plan_ends_its_enrollments_once(acme: Database, lms: FakeLms) -> None:
    learners(acme, 3, 2)
    assert expire(acme, lms, 299) == {"expired": 0, "ended": 0, "waiting": 0}
    assert expire(acme, lms, 300) == {"expired": 1, "ended": 2, "waiting": 0}
    assert expire(acme, lms, 301) == {"expired": 0, "ended": 0, "waiting": 0}
    assert (sorted(lms.ended), live(acme)) == (emails(2), 0)
    (told,) = published(acme, "plan.expired")
    assert (told.actor_kind, told.actor) == ("task", "task:expire-plans")
    assert told.data is not None
    assert (told.data["uuid"], told.data["days_until_expiration"]) == (str(PLAN), 0)


def test_a_plan_that_expires_while_the_lms_is_away_is_finished_later(
    acme: Database, lms: FakeLms
) -> None:
    learners(acme, 2, 2)
    lms.failures = 1
    assert expire(acme, lms, 300) == {"expired": 1, "ended": 0, "waiting": 1}
    assert jobs_waiting(acme) == [jobs.END]
    assert expire(acme, lms, 300) == {"expired": 0, "ended": 2, "waiting": 0}


def test_a_plan_that_is_prolonged_goes_on(acme: Database, lms: FakeLms) -> None:
    learners(acme, 2, 2)
    lms.failures = 1
    expire(acme, lms, 300)
    with acme.transaction() as session:
        change(session, now=days(301), expiration_date=days(400))
    assert expire(acme, lms, 302) == {"expired": 0, "ended": 0, "waiting": 0}
    assert live(acme) == 2
    assert expire(acme, lms, 400)["ended"] == 2


def test_a_renewed_plan_ends_nothing(acme: Database, lms: FakeLms) -> None:
    learners(acme, 2, 2)
    with acme.transaction() as session:
        change(session, renewals=[renewal()])
    assert expire(acme, lms, 300)["expired"] == 0
    with clock.frozen_at(days(300)):
        process_renewals(acme)
    assert expire(acme, lms, 301)["expired"] == 0
    assert (lms.ended, live(acme)) == ([], 2)


def test_the_renewed_license_answers_for_what_the_one_before_paid(
    acme: Database, lms: FakeLms
) -> None:
    learners(acme, 2, 2)
    with acme.transaction() as session:
        change(session, renewals=[renewal()])
    with clock.frozen_at(days(10)):
        process_renewals(acme)
    with acme.transaction() as session:
        revoke(session, emails(1), PLAN)
    assert ending.end_batch(acme, lms, PLAN) == 1
    assert (lms.ended, live(acme)) == ([], 2)
    with acme.transaction() as session:
        revoke(session, emails(1), NEXT_PLAN)
    assert ending.end_batch(acme, lms, NEXT_PLAN) == 1
    assert (lms.ended, live(acme)) == (emails(1), 1)
