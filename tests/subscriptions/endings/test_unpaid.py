"""Enrollments that go on although their license pays no more are found, and ended when asked."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, update

from bursar import clock
from bursar.database.engine import Database
from bursar.enrollment.models import Enrollment
from bursar.subscriptions.checks import check_subscriptions
from bursar.subscriptions.endings import unpaid
from bursar.subscriptions.endings.unpaid import end_unpaid
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.plans.models import SubscriptionPlan
from bursar.subscriptions.renewals.tasks import process_renewals
from testing.worlds.subscriptions import (
    NEXT_PLAN,
    PLAN,
    change,
    days,
    emails,
    licenses_of,
    renewal,
    revoke,
)
from tests.subscriptions.endings.test_tasks import FakeLms, expire, learners, live


@pytest.fixture
def lms() -> FakeLms:
    return FakeLms()


def lines(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(check_subscriptions(session))


def forget_what_is_to_end(database: Database) -> None:
    """As an older version did."""
    with database.transaction() as session:
        session.execute(update(License).values(is_ending=False))


def seats(database: Database) -> dict[UUID, int]:
    """The enrollment of each license."""
    with database.transaction() as session:
        rows = session.execute(select(Enrollment.license_uuid, Enrollment.id))
        return {row.license_uuid: row.id for row in rows}


def line(enrollment: int, license_uuid: UUID, what: str) -> str:
    return (
        f"enrollments: {enrollment}: license {license_uuid}, which paid for it, {what}; "
        "`bursar run end-unpaid-seats` ends it, and a bulk enrollment by another license enrolls "
        "the learner again"
    )


def test_what_is_about_to_end_is_as_it_should_be(acme: Database, lms: FakeLms) -> None:
    learners(acme, 3, 3)
    with acme.transaction() as session:
        revoke(session, emails(1))
    assert lines(acme) == []
    lms.failures = 1
    expire(acme, lms, 300)
    assert lines(acme) == []
    expire(acme, lms, 301)
    assert (lines(acme), live(acme)) == ([], 0)


def test_a_revoked_license_is_named_until_its_enrollment_is_ended(
    acme: Database, lms: FakeLms
) -> None:
    learners(acme, 3, 3)
    with acme.transaction() as session:
        revoke(session, emails(1))
        (revoked,) = [each.uuid for each in licenses_of(session, PLAN, "revoked")]
    forget_what_is_to_end(acme)
    assert lines(acme) == [line(seats(acme)[revoked], revoked, "pays no more")]
    assert end_unpaid(acme, lms) == {"ended": 1, "waiting": 0}
    assert (lms.ended, lines(acme), live(acme)) == (emails(1), [], 2)
    assert end_unpaid(acme, lms) == {"ended": 0, "waiting": 0}


def test_a_license_that_does_not_exist_is_named(acme: Database, lms: FakeLms) -> None:
    learners(acme, 1, 1)
    missing = uuid4()
    with acme.transaction() as session:
        session.execute(update(Enrollment).values(license_uuid=missing))
    assert lines(acme) == [line(seats(acme)[missing], missing, "does not exist")]
    assert end_unpaid(acme, lms) == {"ended": 1, "waiting": 0}
    assert lines(acme) == []


def test_a_plan_that_was_wound_up_pays_no_more(
    acme: Database, lms: FakeLms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpaid, "BATCH", 1)
    learners(acme, 2, 2)
    with acme.transaction() as session:
        session.execute(update(SubscriptionPlan).values(wound_up_at=days(300)))
    assert [each.partition(", which")[2] for each in lines(acme)] == [
        each.partition(", which")[2] for each in [line(0, PLAN, "pays no more")] * 2
    ]
    lms.silent = set(emails(1))
    assert end_unpaid(acme, lms) == {"ended": 1, "waiting": 1}
    assert len(lines(acme)) == 1
    lms.silent = set()
    assert end_unpaid(acme, lms) == {"ended": 1, "waiting": 0}


def test_the_last_renewal_decides(acme: Database, lms: FakeLms) -> None:
    learners(acme, 2, 2)
    with acme.transaction() as session:
        change(session, renewals=[renewal()])
    with clock.frozen_at(days(10)):
        process_renewals(acme)
    with acme.transaction() as session:
        revoke(session, emails(1), PLAN)
    forget_what_is_to_end(acme)
    assert lines(acme) == []
    with acme.transaction() as session:
        revoke(session, emails(2)[1:], NEXT_PLAN)
    assert lines(acme) == []
    forget_what_is_to_end(acme)
    assert len(lines(acme)) == 1
    assert end_unpaid(acme, lms) == {"ended": 1, "waiting": 0}
    assert (lms.ended, live(acme)) == (emails(2)[1:], 1)


def test_enrollments_without_a_license_are_nobody_s(acme: Database) -> None:
    learners(acme, 1, 1)
    with acme.transaction() as session:
        session.execute(update(Enrollment).values(payer="reported", license_uuid=None))
        session.execute(delete(License).where(License.status == "activated"))
        session.execute(update(SubscriptionPlan).values(activated_count=0))
    assert lines(acme) == []
