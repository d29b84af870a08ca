"""Work that ended is forgotten: bulk enrollments, bulk changes, course enrollments."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, insert, select, text, update

from bursar import clock
from bursar.bulk_changes.models import BulkChange
from bursar.database.engine import Database
from bursar.enrollment.bulk import forgetting as bulk_forgetting
from bursar.enrollment.bulk.checks import check_bulk_enrollment
from bursar.enrollment.bulk.models import BulkEnrollmentAsked, BulkEnrollmentJob, BulkEnrollmentRow
from bursar.enrollment.direct.models import DirectEnrollment
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.plans.models import SubscriptionPlan
from testing.worlds import bulk_enrollment as world
from testing.worlds.bulk_enrollment import ANA, BOB, CYD, OPEN
from tests.enrollment.direct import calling
from tests.retention.life import (
    START,
    at,
    change_in_bulk,
    count,
    forget,
    row_counts,
)

# Bulk enrollments


def enroll(database: Database, *emails: str) -> UUID:
    with clock.frozen_at(START):
        return world.run(database, emails, [OPEN])


def is_known(database: Database, job: UUID) -> bool:
    return count(database, BulkEnrollmentJob.uuid == job) == 1


def test_a_job_that_is_done_is_forgotten_with_its_pairs(acme: Database) -> None:
    job = enroll(acme, ANA, CYD)
    assert "bulk enrollments" not in forget(acme, 30)
    assert is_known(acme, job)
    assert forget(acme, 30.1)["bulk enrollments"] == 1
    counts = row_counts(acme)
    assert {name: number for name, number in counts.items() if "bulk" in name} == {
        "bulk_changes": 0,
        "bulk_enrollment_asked": 0,
        "bulk_enrollment_jobs": 0,
        "bulk_enrollment_chunks": 0,
        "bulk_enrollment_rows": 0,
    }
    assert world.enrollments(acme) == [(ANA, OPEN)]


def test_a_job_that_is_not_done_stays(acme: Database) -> None:
    with clock.frozen_at(START), acme.transaction() as session:
        job = world.create(session, [ANA], [OPEN])
    forget(acme, 1_000)
    assert is_known(acme, job)


def test_who_may_still_activate_a_license_is_waited_for(acme: Database) -> None:
    job = enroll(acme, BOB)
    forget(acme, 500)
    assert is_known(acme, job)
    with clock.frozen_at(at(START, 501)):
        world.activate(acme, [BOB])
        assert world.settle_pending(acme, world.Lms()) == 1
    assert world.enrollments(acme) == [(BOB, OPEN)]
    # What came of it can be looked up for as long as of any other.
    forget(acme, 531)
    assert is_known(acme, job)
    forget(acme, 531.1)
    assert not is_known(acme, job)


def test_a_job_stays_while_the_answer_of_the_lms_is_unknown(acme: Database) -> None:
    job = enroll(acme, CYD)
    note = {"job_uuid": job, "number": 0, "license_uuid": uuid4()}
    with acme.transaction() as session:
        session.execute(insert(BulkEnrollmentAsked).values(note))
    forget(acme, 31)
    assert is_known(acme, job)
    with acme.transaction() as session:
        session.execute(delete(BulkEnrollmentAsked))
    forget(acme, 31)
    assert not is_known(acme, job)


def test_nobody_is_waited_for_when_the_plan_has_expired(acme: Database) -> None:
    job = enroll(acme, BOB)
    with acme.transaction() as session:
        session.execute(update(SubscriptionPlan).values(expiration_date=at(START, 200)))
    forget(acme, 199)
    assert is_known(acme, job)
    forget(acme, 200)
    assert not is_known(acme, job)


def test_nobody_is_waited_for_whose_license_is_gone(acme: Database) -> None:
    job = enroll(acme, BOB)
    with acme.transaction() as session:
        session.execute(
            update(License)
            .where(License.user_email == BOB)
            .values(status="revoked", revoked_at=START)
        )
    forget(acme, 31)
    assert not is_known(acme, job)


def test_a_deletion_that_broke_off_is_seen_by_nobody_and_goes_on(
    acme: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = enroll(acme, ANA, CYD)

    def break_down(*_arguments: object) -> int:
        raise RuntimeError("the power is out")

    with monkeypatch.context() as broken:
        # With the first part of the pairs gone.
        broken.setattr(bulk_forgetting, "delete_old", break_down)
        with pytest.raises(RuntimeError):
            forget(acme, 31)
    with acme.transaction() as session:
        session.execute(text("DELETE FROM bulk_enrollment_rows WHERE number = 0"))
    assert is_known(acme, job)
    with acme.transaction() as session:
        assert list(check_bulk_enrollment(session)) == []
    assert forget(acme, 31)["bulk enrollments"] == 1
    assert count(acme, BulkEnrollmentRow.job_uuid == job) == 0


# Bulk changes and course enrollments


def test_a_bulk_change_is_forgotten_after_it_ended(acme: Database) -> None:
    with clock.frozen_at(START):
        change_in_bulk(acme)
        change_in_bulk(acme)
    with acme.transaction() as session:
        first = select(BulkChange.uuid).limit(1).scalar_subquery()
        unfinished = {"state": "running", "finished_at": None}
        session.execute(update(BulkChange).where(BulkChange.uuid == first).values(unfinished))
    assert "bulk changes" not in forget(acme, 30)
    assert forget(acme, 31)["bulk changes"] == 1
    with acme.read() as connection:
        assert connection.scalars(select(BulkChange.state)).all() == ["running"]


def test_only_wishes_of_which_nothing_is_left_are_forgotten(acme: Database) -> None:
    with clock.frozen_at(START), acme.transaction() as session:
        world.know(session, [ANA, BOB, CYD])
    with clock.frozen_at(START):
        calling.ask(acme, *map(calling.wish, (ANA, BOB, CYD, "dan@acme.example")))
        calling.work(acme)
        calling.ask(acme, calling.leave(BOB), calling.leave(CYD))
        calling.work(acme, world.Lms())
    with acme.transaction() as session:
        of_cyd = calling.wishes(acme)[(CYD, OPEN)].id
        session.execute(
            update(DirectEnrollment)
            .where(DirectEnrollment.id == of_cyd)
            .values(state="failed", error="The LMS is odd.", in_lms=True)
        )
    assert "course enrollments" not in forget(acme, 30)
    assert forget(acme, 31)["course enrollments"] == 1
    assert set(calling.wishes(acme)) == {(each, OPEN) for each in (ANA, CYD, "dan@acme.example")}
    with clock.frozen_at(at(START, 32)):
        assert calling.told(acme, calling.wish(BOB)) == ["success"]
        calling.work(acme)
    assert calling.states(acme)[BOB] == (True, "done")


def test_nothing_of_money_seats_and_people_is_forgotten(acme: Database) -> None:
    enroll(acme, ANA)
    kept = {"learners", "licenses", "subscription_plans", "enrollments", "enterprises"}
    before = row_counts(acme)
    forget(acme, 3_000)
    after = row_counts(acme)
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert all(before[name] for name in kept)
