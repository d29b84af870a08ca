"""Licenses whose enrollments are gone are found."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, select, update

from bursar.database.engine import Database
from bursar.enrollment.bulk.checks import check_bulk_enrollment
from bursar.enrollment.bulk.models import BulkEnrollmentRow
from bursar.enrollment.models import Enrollment, EnrollmentDay
from bursar.learners.models import Learner
from testing.worlds.bulk_enrollment import ANA, OPEN, know, revoke, run


def lines(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(check_bulk_enrollment(session))


def line(database: Database, job: UUID) -> str:
    with database.transaction() as session:
        (license_uuid,) = session.scalars(
            select(BulkEnrollmentRow.license_uuid).where(BulkEnrollmentRow.job_uuid == job)
        )
    return (
        f"bulk_enrollment_rows: {job}, pair 0: license {license_uuid} has no enrollment in {OPEN} "
        "any more; a bulk enrollment of the learner in this run enrolls them again"
    )


def rewrite(database: Database, **values: Any) -> None:
    with database.transaction() as session:
        session.execute(update(Enrollment).values(values))


def test_one_without_an_enrollment_is_named_until_it_is_made_again(acme: Database) -> None:
    job = run(acme, [ANA], [OPEN])
    assert lines(acme) == []
    with acme.transaction() as session:
        session.execute(delete(Enrollment))
        session.execute(delete(EnrollmentDay))
    assert lines(acme) == [line(acme, job)]
    run(acme, [ANA], [OPEN])
    assert lines(acme) == []


def test_one_that_another_payer_took_along_is_named_until_it_is_made_again(acme: Database) -> None:
    job = run(acme, [ANA], [OPEN])
    with acme.transaction() as session:
        done = session.scalars(select(BulkEnrollmentRow.modified_at)).one()
    hour = timedelta(hours=1)
    of_credit = {"payer": "credit", "license_uuid": None, "transaction_uuid": uuid4()}
    rewrite(acme, enrolled_at=done - hour, unenrolled_at=done + hour, **of_credit)
    assert lines(acme) == [line(acme, job)]
    run(acme, [ANA], [OPEN])
    assert lines(acme) == []
    # Whoever paid before the pair was done, or after its enrollment had ended, took nothing along.
    rewrite(acme, enrolled_at=done + hour, unenrolled_at=done + 2 * hour, **of_credit)
    assert lines(acme) == []


def test_a_learner_who_left_and_a_revoked_license_are_as_they_should_be(acme: Database) -> None:
    run(acme, [ANA], [OPEN])
    with acme.transaction() as session:
        done = session.scalars(select(BulkEnrollmentRow.modified_at)).one()
    rewrite(acme, unenrolled_at=done + timedelta(hours=1))
    assert lines(acme) == []
    with acme.transaction() as session:
        session.execute(delete(Enrollment))
    revoke(acme, [ANA])
    assert lines(acme) == []


def test_a_seat_under_another_address_of_the_account_is_the_same_seat(acme: Database) -> None:
    run(acme, [ANA], [OPEN])
    with acme.transaction() as session:
        know(session, ["other@example.com"])
        ana, other = session.scalars(
            select(Learner)
            .where(Learner.email.in_([ANA, "other@example.com"]))
            .order_by(Learner.id)
        )
        other.lms_user_id = ana.lms_user_id
        session.flush()
        session.execute(update(Enrollment).values(learner_id=other.id))
    assert lines(acme) == []
