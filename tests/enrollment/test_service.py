"""Who sits in which run, and who pays for it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.enrollment.commands import NewEnrollment, Payer
from bursar.enrollment.gateway import LmsEnrollment
from bursar.enrollment.models import Enrollment
from bursar.enrollment.service import (
    end_enrollments,
    find_payers,
    list_places,
    live_enrollments,
    record_enrollments,
)
from bursar.events.models import EventRecord
from bursar.identity.service import DeclaredEnterprise, put_enterprise
from bursar.learners.commands import DeclaredLearner
from bursar.learners.service import ensure_learners, put_learners
from testing.databases.statements import statements_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ACME = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd6f")
GLOBEX = UUID("00000000-0000-4000-8000-000000000001")
ACTOR = Actor("test", "request-1")
RUN, OTHER_RUN = "course-v1:edX+A+1", "course-v1:edX+B+1"
ANA = "ana@acme.example"
ANA_S_SEAT = LmsEnrollment(ACME, ANA, 501, "ana", RUN)


def uuid(number: int) -> UUID:
    return UUID(int=number)


@pytest.fixture
def acme(database: Database) -> Database:
    with database.transaction() as session:
        for number, enterprise in enumerate((ACME, GLOBEX)):
            declared = DeclaredEnterprise(uuid=enterprise, name="E", slug=f"e{number}")
            put_enterprise(session, ACTOR, declared, at=NOW)
        ana = DeclaredLearner(email=" Ana@ACME.example", lms_user_id=501, username="ana")
        put_learners(session, ACTOR, ACME, [ana], at=NOW)
    return database


def learner_id(session: Session, email: str = ANA, enterprise: UUID = ACME) -> int:
    return ensure_learners(session, enterprise, [email], NOW)[email].id


def by_license(session: Session, number: int, **fields: Any) -> NewEnrollment:
    values: dict[str, Any] = {"courserun_key": RUN, "enterprise_uuid": ACME} | fields
    values.setdefault("learner_id", learner_id(session))
    return NewEnrollment(payer=Payer.LICENSE, license_uuid=uuid(number), **values)


def by_credit(session: Session, number: int, **fields: Any) -> NewEnrollment:
    values: dict[str, Any] = {"courserun_key": RUN, "enterprise_uuid": ACME} | fields
    values.setdefault("learner_id", learner_id(session))
    return NewEnrollment(payer=Payer.CREDIT, transaction_uuid=uuid(number), **values)


def enroll(session: Session, *enrollments: NewEnrollment, now: datetime = NOW) -> int:
    return record_enrollments(session, ACTOR, enrollments, at=now)


def stored(session: Session) -> list[AnyRow]:
    table = Enrollment.__table__
    return list(session.execute(select(table).order_by(table.c.id)))


def trail(session: Session) -> list[AnyRow]:
    table = EventRecord.__table__
    statement = select(table).where(table.c.object_type == "enrollment").order_by(table.c.id)
    return list(session.execute(statement))


def test_an_enrollment_is_kept_with_who_pays_for_it(acme: Database) -> None:
    with acme.transaction() as session:
        assert (
            enroll(session, by_license(session, 1), by_credit(session, 2, courserun_key="R")) == 2
        )
        credit, license_ = sorted(stored(session), key=lambda row: str(row.payer))
        assert (credit.payer, credit.transaction_uuid, credit.license_uuid) == (
            "credit",
            uuid(2),
            None,
        )
        assert (license_.payer, license_.license_uuid, license_.transaction_uuid) == (
            "license",
            uuid(1),
            None,
        )
        assert (license_.mode, license_.enrolled_at, license_.unenrolled_at) == (
            "verified",
            NOW,
            None,
        )


def test_a_live_enrollment_stays_as_it_is_whoever_comes_to_pay(acme: Database) -> None:
    with acme.transaction() as session:
        enroll(session, by_license(session, 1))
        before = stored(session)
        assert enroll(session, by_license(session, 1), now=LATER) == 0
        assert enroll(session, by_credit(session, 2, mode="audit"), now=LATER) == 0
        assert stored(session) == before
        assert len(trail(session)) == 1


def test_an_ended_enrollment_is_taken_up_again_with_the_new_payer(acme: Database) -> None:
    with acme.transaction() as session:
        enroll(session, by_license(session, 1))
        end_enrollments(session, ACTOR, ACME, license_uuids=[uuid(1)], at=NOW)
        (before,) = stored(session)
        assert before.unenrolled_at == NOW
        assert enroll(session, by_credit(session, 2, mode="audit"), now=LATER) == 1
        (after,) = stored(session)
        assert (after.id, after.created_at) == (before.id, NOW)
        assert (after.payer, after.license_uuid, after.transaction_uuid) == (
            "credit",
            None,
            uuid(2),
        )
        assert (after.mode, after.enrolled_at, after.unenrolled_at) == ("audit", LATER, None)
        assert live_enrollments(session, ACME, license_uuids=[uuid(1)]) == []


HOME = "ana@home.example"


@pytest.fixture
def at_home(acme: Database) -> Database:
    """Ana has a second address."""
    with acme.transaction() as session:
        put_learners(session, ACTOR, ACME, [DeclaredLearner(email=HOME, lms_user_id=501)], at=NOW)
        # The same number at another enterprise is another account.
        stranger = DeclaredLearner(email=HOME, lms_user_id=501)
        put_learners(session, ACTOR, GLOBEX, [stranger], at=NOW)
    return acme


def test_a_seat_of_an_account_is_paid_for_at_one_address(at_home: Database) -> None:
    with at_home.transaction() as session:
        home = learner_id(session, HOME)
        assert enroll(session, by_license(session, 1)) == 1
        assert enroll(session, by_license(session, 2, learner_id=home)) == 0
        assert enroll(session, by_credit(session, 3, learner_id=home)) == 0
        other = by_credit(session, 3, learner_id=home, courserun_key=OTHER_RUN)
        assert enroll(session, other) == 1
        stranger = learner_id(session, HOME, GLOBEX)
        theirs = by_license(session, 4, learner_id=stranger, enterprise_uuid=GLOBEX)
        assert enroll(session, theirs) == 1


def test_of_two_addresses_at_once_the_first_known_is_enrolled(at_home: Database) -> None:
    with at_home.transaction() as session:
        home = learner_id(session, HOME)
        both = by_license(session, 2, learner_id=home), by_license(session, 1)
        assert enroll(session, *both) == 1
        assert [row.learner_id for row in stored(session)] == [learner_id(session)]


def test_who_pays_at_another_address_is_found(at_home: Database) -> None:
    with at_home.transaction() as session:
        ana, home = learner_id(session), learner_id(session, HOME)
        direct = NewEnrollment(ACME, home, RUN, Payer.API, mode="audit")
        assert enroll(session, direct, by_license(session, 1)) == 2
        places = [(ana, RUN), (home, RUN), (home, OTHER_RUN)]
        found = find_payers(session, ACME, places)
        assert found == {(ana, RUN): Payer.LICENSE, (home, RUN): Payer.LICENSE}
        end_enrollments(session, ACTOR, ACME, license_uuids=[uuid(1)], at=LATER)
        assert find_payers(session, ACME, places) == {(home, RUN): Payer.API}


def test_what_another_address_pays_for_does_not_end_in_the_lms(acme: Database) -> None:
    with acme.transaction() as session:
        home = learner_id(session, HOME)
        enroll(session, by_license(session, 1), by_license(session, 2, learner_id=home))
        put_learners(session, ACTOR, ACME, [DeclaredLearner(email=HOME, lms_user_id=501)], at=NOW)
        assert live_enrollments(session, ACME, license_uuids=[uuid(2)]) == []
        # Of both at once, somebody must end it.
        assert len(live_enrollments(session, ACME, license_uuids=[uuid(1), uuid(2)])) == 2
        end_enrollments(session, ACTOR, ACME, license_uuids=[uuid(2)], at=LATER)
        assert live_enrollments(session, ACME, license_uuids=[uuid(1)]) == [ANA_S_SEAT]


def test_at_places_only_what_nobody_pays_for_ends(acme: Database) -> None:
    with acme.transaction() as session:
        ana = learner_id(session)
        direct = NewEnrollment(ACME, ana, "R", Payer.API, mode="audit")
        enroll(session, by_license(session, 1), by_credit(session, 2, courserun_key="Q"), direct)
        places = [(ana, key) for key in (RUN, "Q", "R", "unknown")]
        assert find_payers(session, ACME, places) == dict(
            zip(places, (Payer.LICENSE, Payer.CREDIT, Payer.API), strict=False)
        )
        ended = end_enrollments(session, ACTOR, ACME, places=places, at=LATER)
        assert [(seat.courserun_key, seat.mode) for seat in ended] == [("R", "audit")]
        assert end_enrollments(session, ACTOR, GLOBEX, places=places, at=LATER) == []


def test_of_several_for_one_seat_the_first_counts(acme: Database) -> None:
    with acme.transaction() as session:
        assert enroll(session, by_license(session, 1), by_credit(session, 2)) == 1
        assert [row.payer for row in stored(session)] == ["license"]


def test_an_enrollment_that_nobody_pays_for_is_impossible(acme: Database) -> None:
    with acme.transaction() as session:
        unpaid = NewEnrollment(ACME, learner_id(session), RUN, Payer.CREDIT)
        with pytest.raises(IntegrityError), session.begin_nested():
            enroll(session, unpaid)
        assert stored(session) == []


def test_what_ends_is_answered_as_seats(acme: Database) -> None:
    with acme.transaction() as session:
        enroll(session, by_license(session, 1), by_credit(session, 2, courserun_key=OTHER_RUN))
        uuids: dict[str, Any] = {
            "license_uuids": [uuid(1), uuid(1)],
            "transaction_uuids": [uuid(2), uuid(3)],
        }
        assert live_enrollments(session, ACME, **uuids) == [
            ANA_S_SEAT,
            LmsEnrollment(ACME, ANA, 501, "ana", OTHER_RUN),
        ]
        ended = end_enrollments(session, ACTOR, ACME, **uuids, at=LATER)
        assert ended == [ANA_S_SEAT, LmsEnrollment(ACME, ANA, 501, "ana", OTHER_RUN)]
        assert {row.unenrolled_at for row in stored(session)} == {LATER}
        assert live_enrollments(session, ACME, **uuids) == []


def test_only_what_was_paid_that_way_ends(acme: Database) -> None:
    with acme.transaction() as session:
        enroll(session, by_license(session, 1), by_credit(session, 1, courserun_key=OTHER_RUN))
        ended = end_enrollments(session, ACTOR, ACME, license_uuids=[uuid(1)], at=LATER)
        assert ended == [ANA_S_SEAT]
        assert len(live_enrollments(session, ACME, transaction_uuids=[uuid(1)])) == 1


def test_an_enrollment_ends_once(acme: Database) -> None:
    with acme.transaction() as session:
        enroll(session, by_license(session, 1))
        end_enrollments(session, ACTOR, ACME, license_uuids=[uuid(1)], at=NOW)
        again = end_enrollments(session, ACTOR, ACME, license_uuids=[uuid(1)], at=LATER)
        assert again == []
        assert [row.unenrolled_at for row in stored(session)] == [NOW]
        assert len(trail(session)) == 2


def test_another_enterprise_can_neither_see_nor_end_it(acme: Database) -> None:
    with acme.transaction() as session:
        enroll(session, by_license(session, 1))
        assert live_enrollments(session, GLOBEX, license_uuids=[uuid(1)]) == []
        assert end_enrollments(session, ACTOR, GLOBEX, license_uuids=[uuid(1)], at=LATER) == []
        assert live_enrollments(session, ACME, license_uuids=[uuid(1)]) == [ANA_S_SEAT]


def test_the_places_of_an_enterprise_are_those_of_live_and_ended_ones(acme: Database) -> None:
    with acme.transaction() as session:
        enroll(session, by_license(session, 1), by_credit(session, 2, courserun_key=OTHER_RUN))
        other = learner_id(session, "other@globex.example", GLOBEX)
        enroll(session, by_license(session, 3, learner_id=other, enterprise_uuid=GLOBEX))
        end_enrollments(session, ACTOR, ACME, license_uuids=[uuid(1)], at=LATER)
        assert list_places(session, ACME) == {(ANA, RUN), (ANA, OTHER_RUN)}


def test_each_change_is_told_once_without_an_address(acme: Database) -> None:
    with acme.transaction() as session:
        enroll(session, by_license(session, 1))
        end_enrollments(session, ACTOR, ACME, license_uuids=[uuid(1)], at=LATER)
        (enrollment,) = stored(session)
        events = trail(session)
        assert [event.type for event in events] == ["enrollment.created", "enrollment.ended"]
        assert {event.object_id for event in events} == {str(enrollment.id)}
        assert {event.enterprise_uuid for event in events} == {ACME}
        assert [event.at for event in events] == [NOW, LATER]
        assert [event.version for event in events] == [1, 2]
        assert events[0].changes == {
            "learner_id": [None, learner_id(session)],
            "courserun_key": [None, RUN],
            "payer": [None, "license"],
            "user_current_enrollment_mode": [None, "verified"],
            "enrollment_date": [None, NOW.date().isoformat()],
        }
        assert events[1].changes == {"unenrollment_date": [None, LATER.date().isoformat()]}


def test_of_one_that_is_taken_up_again_old_and_new_values_are_told(acme: Database) -> None:
    with acme.transaction() as session:
        enroll(session, by_license(session, 1))
        end_enrollments(session, ACTOR, ACME, license_uuids=[uuid(1)], at=NOW)
        enroll(session, by_credit(session, 2, mode="audit"), now=NOW + timedelta(days=2))
        *_, again = trail(session)
        assert (again.type, again.version) == ("enrollment.created", 3)
        assert again.changes == {
            "payer": ["license", "credit"],
            "user_current_enrollment_mode": ["verified", "audit"],
            "enrollment_date": ["2026-11-24", "2026-11-26"],
            "unenrollment_date": ["2026-11-24", None],
        }


def test_nothing_to_do_takes_no_statement(acme: Database) -> None:
    with acme.transaction() as session, statements_of(acme) as seen:
        assert enroll(session) == 0
        assert end_enrollments(session, ACTOR, ACME, at=NOW) == []
        assert live_enrollments(session, ACME) == []
        assert seen == []


def test_a_thousand_take_a_handful_of_statements(acme: Database) -> None:
    emails = [f"l{number}@acme.example" for number in range(1000)]
    licenses = [uuid(number) for number in range(1000)]
    with acme.transaction() as session:
        learners = ensure_learners(session, ACME, emails, NOW)
        enrollments = [
            by_license(session, number, learner_id=learners[email].id)
            for number, email in enumerate(emails)
        ]
    with acme.transaction() as session, statements_of(acme) as seen:
        assert enroll(session, *enrollments) == 1000
        assert len(seen) <= 7
    with acme.transaction() as session, statements_of(acme) as seen:
        assert len(live_enrollments(session, ACME, license_uuids=licenses)) == 1000
        assert len(seen) == 3
    with acme.transaction() as session, statements_of(acme) as seen:
        ended = end_enrollments(session, ACTOR, ACME, license_uuids=licenses, at=LATER)
        assert (len(ended), {seat.email for seat in ended}) == (1000, set(emails))
        # On SQLite the last version of each is asked for; PostgreSQL finds it while it inserts.
        assert len(seen) <= (5 if acme.is_sqlite else 4)
