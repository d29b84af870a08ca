"""A license lets its learner choose a course; on both databases."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from bursar.actors import Actor
from bursar.claims.looks import DeclaredLook, declare_look
from bursar.claims.service import ClaimRefused, UnknownClaim, choose, look, search, share_progress
from bursar.claims.tokens import Claim, ClaimKind
from bursar.claims.views import ClaimState
from bursar.database.engine import Database
from bursar.enrollment.bulk.models import BulkEnrollmentJob
from bursar.enrollment.commands import NewEnrollment, Payer
from bursar.enrollment.service import record_enrollments
from bursar.learners.service import find_learner
from testing.worlds.budgets import NOW, course_until
from testing.worlds.catalog import CATALOG, ENTERPRISE, put, store
from testing.worlds.subscriptions import PLAN, assign, licenses_of, plan

ACTOR = Actor("claim page")
ANA = "ana@example.com"
OPEN, CLOSED = "edX+Statistics", "edX+Stationery"
RUN = "course-v1:edX+Statistics+1"


@pytest.fixture
def claim(database: Database) -> Claim:
    with database.transaction() as session:
        put(session, {"content_type": "course"})
        courses = [
            course_until(None, "Statistics", title="Statistics"),
            course_until(NOW.replace(year=2020), "Stationery", title="Stationery"),
            course_until(None, "Poetry", title="Poetry"),
        ]
        store(session, courses)
        plan(session, enterprise_catalog_uuid=CATALOG)
        assign(session, [ANA])
        (license_,) = licenses_of(session, PLAN, "assigned")
        return Claim(ClaimKind.LICENSE, license_.uuid, NOW)


def chosen(database: Database, claim: Claim, key: str = OPEN) -> str:
    with database.transaction() as session:
        return choose(session, ACTOR, claim, key, has_lms=False, at=NOW)


def titles(database: Database, claim: Claim, text: str = "") -> list[str]:
    with database.read() as connection:
        return [course.title for course in search(connection, claim, text, at=NOW).courses]


def jobs(database: Database) -> int:
    with database.read() as connection:
        counted = select(func.count()).select_from(BulkEnrollmentJob)
        return int(connection.execute(counted).scalar_one())


def test_a_course_is_chosen_and_the_license_activated_with_it(
    database: Database, claim: Claim
) -> None:
    assert chosen(database, claim) == RUN
    assert jobs(database) == 1
    with database.read() as connection:
        assert look(connection, claim, at=NOW).state is ClaimState.DONE


def test_open_courses_are_found_by_words_of_their_titles(database: Database, claim: Claim) -> None:
    assert titles(database, claim) == []
    chosen(database, claim)
    assert titles(database, claim) == ["Poetry", "Statistics"]
    assert titles(database, claim, "STAT") == ["Statistics"]
    assert titles(database, claim, "stat edx") == ["Statistics"]
    assert titles(database, claim, "%") == []
    assert titles(database, claim, "nothing of this") == []


@pytest.mark.parametrize("key", [CLOSED, "edX+Unknown", "", "\x00"])
def test_a_course_that_is_closed_or_unknown_is_refused(
    database: Database, claim: Claim, key: str
) -> None:
    with pytest.raises(ClaimRefused):
        chosen(database, claim, key)
    assert jobs(database) == 0


def test_who_has_the_seat_is_not_enrolled_again(database: Database, claim: Claim) -> None:
    chosen(database, claim)
    with database.transaction() as session:
        learner = find_learner(session, ENTERPRISE, email=ANA)
        assert learner is not None
        seat = NewEnrollment(
            ENTERPRISE, learner.id, RUN, Payer.LICENSE, license_uuid=claim.subject_uuid
        )
        record_enrollments(session, ACTOR, [seat], at=NOW)
    assert chosen(database, claim) == RUN
    assert jobs(database) == 1
    with database.read() as connection:
        (course,) = look(connection, claim, at=NOW).enrolled
    assert (course.title, course.key) == ("Statistics", RUN)


def test_only_a_license_lets_choose(database: Database, claim: Claim) -> None:
    for other in (
        Claim(ClaimKind.ASSIGNMENT, claim.subject_uuid, NOW),
        Claim(ClaimKind.LICENSE, uuid4(), NOW),
    ):
        with pytest.raises(UnknownClaim):
            chosen(database, other)


def consents(database: Database, uuid: UUID = ENTERPRISE) -> bool:
    with database.transaction() as session:
        learner = find_learner(session, uuid, email=ANA)
        return learner is not None and learner.consent


def shared(database: Database, claim: Claim, *, is_shared: bool) -> None:
    with database.transaction() as session:
        share_progress(session, ACTOR, claim, is_shared=is_shared, at=NOW)


def test_the_consent_is_given_and_taken_back_where_it_is_asked_for(
    database: Database, claim: Claim
) -> None:
    with pytest.raises(ClaimRefused):
        shared(database, claim, is_shared=True)
    assert not consents(database)
    with database.transaction() as session:
        assert declare_look(session, ACTOR, ENTERPRISE, DeclaredLook(ask_consent=True), at=NOW)
        assert not declare_look(session, ACTOR, ENTERPRISE, DeclaredLook(ask_consent=True), at=NOW)
    for is_shared in (True, True, False):
        shared(database, claim, is_shared=is_shared)
        assert consents(database) is is_shared
