"""What comes of wishes to enroll learners, and to end their enrollments."""

from datetime import timedelta
from unittest.mock import ANY
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.catalog.catalogs.commands import PutCatalog
from bursar.catalog.catalogs.service import put_catalog
from bursar.database.engine import Database
from bursar.delivery.channel import QueuedDelivery
from bursar.delivery.models import Delivery
from bursar.enrollment.commands import Payer
from bursar.enrollment.direct.checks import check_direct_enrollments
from bursar.enrollment.direct.commands import Answered, CourseMode, Outcome, Wish
from bursar.enrollment.direct.mail import ENROLLED, MAIL_KINDS
from bursar.enrollment.direct.models import DirectEnrollment
from bursar.enrollment.direct.tasks import TASKS
from bursar.enrollment.gateway import LmsUnavailable
from bursar.enrollment.models import Enrollment
from bursar.enrollment.service import end_enrollments
from bursar.learners.models import Learner
from bursar.settings import Settings
from bursar.subscriptions.licenses.models import License
from testing.databases.statements import statements_of
from testing.worlds import bulk_enrollment as world
from testing.worlds.bulk_enrollment import (
    ACME,
    ACTOR,
    ANA,
    BOB,
    CLOSED,
    CYD,
    GLOBEX,
    HARD,
    OPEN,
    Lms,
)
from tests.enrollment.direct.calling import (
    LmsWithoutAccounts,
    ask,
    assert_sound,
    events,
    leave,
    queued,
    seats,
    states,
    told,
    wish,
    wishes,
    work,
)

SUCCESS, PENDING = Outcome.SUCCESS, Outcome.PENDING
LMS = Settings(lms_url="https://lms.example", lms_client_id="x", lms_client_secret=SecretStr("y"))


class TestAnswers:
    def test_each_wish_is_answered_by_itself_and_in_order(self, acme: Database) -> None:
        answered = told(
            acme,
            wish(CYD, "course-v1:edX+Nobody+1"),
            wish(ANA),
            wish(BOB),
            wish(ANA, "edX+Open"),
            wish(lms_user_id=999),
            wish(None, HARD, lms_user_id=501),
        )
        assert answered == [
            Outcome.NOT_IN_CATALOG,
            SUCCESS,
            PENDING,
            Outcome.NOT_IN_CATALOG,
            Outcome.UNKNOWN_ACCOUNT,
            SUCCESS,
        ]
        assert set(wishes(acme)) == {(ANA, OPEN), (BOB, OPEN), (ANA, HARD)}

    def test_a_learner_of_a_refused_wish_is_not_made(self, acme: Database) -> None:
        ask(acme, wish(CYD, "nonsense"), leave(BOB))
        with acme.transaction() as session:
            emails = session.scalars(select(Learner.email)).all()
        assert emails == [ANA]

    def test_a_run_that_only_another_enterprise_offers_is_in_no_catalog(
        self, acme: Database
    ) -> None:
        with acme.transaction() as session:
            world.stock(session, world.course("Theirs", "Expert"))
            put_catalog(
                session,
                ACTOR,
                PutCatalog(
                    enterprise_uuid=GLOBEX,
                    catalog_uuid=UUID(int=9),
                    title="Theirs",
                    content_filter={"content_type": "course", "level_type": "Expert"},
                ),
                at=clock.now(),
            )
        assert told(acme, wish(ANA, "course-v1:edX+Theirs+1")) == [Outcome.NOT_IN_CATALOG]

    def test_a_run_that_is_closed_is_for_the_lms_to_refuse(self, acme: Database) -> None:
        assert told(acme, wish(ANA, CLOSED)) == [SUCCESS]
        work(acme, Lms({ANA: "it is over"}))
        assert wishes(acme)[ANA, CLOSED].error == "it is over"
        assert seats(acme) == []

    def test_an_account_of_another_enterprise_s_learner_is_unknown(self, acme: Database) -> None:
        with acme.transaction() as session:
            world.know(session, ["x@globex.example"] * 1, GLOBEX)
            session.execute(
                update(Learner).where(Learner.enterprise_uuid == GLOBEX).values(lms_user_id=777)
            )
        assert told(acme, wish(lms_user_id=777)) == [Outcome.UNKNOWN_ACCOUNT]
        assert told(acme, wish(BOB, lms_user_id=777)) == [PENDING]


class TestEnrolling:
    def test_the_lms_is_told_and_then_the_enrollment_recorded(self, acme: Database) -> None:
        ask(acme, wish(ANA, mode=CourseMode.AUDIT, cohort="blue"))
        lms = Lms()
        assert work(acme, lms) == 1
        [[seat]] = lms.calls
        assert (seat.email, seat.lms_user_id, seat.mode) == (ANA, 501, "audit")
        assert seats(acme) == [(ANA, OPEN, "api", "audit")]
        assert wishes(acme)[ANA, OPEN].cohort == "blue"
        assert events(acme, "enrollment.created") == 1
        assert events(acme, "direct_enrollments.requested") == 1
        assert events(acme, "direct_enrollments.settled") == 1

    @pytest.mark.parametrize("is_worked_on_between", [True, False])
    def test_a_repeat_changes_nothing(self, acme: Database, is_worked_on_between: bool) -> None:
        both = (wish(ANA, cohort="blue"), wish(BOB))
        assert told(acme, *both) == [SUCCESS, PENDING]
        if is_worked_on_between:
            work(acme)
        before, batches = wishes(acme), queued(acme)
        assert told(acme, *both, *both) == [SUCCESS, PENDING] * 2
        assert (wishes(acme), queued(acme)) == (before, batches)
        assert events(acme, "direct_enrollments.requested") == 1

    def test_another_cohort_is_kept_without_enrolling_again(self, acme: Database) -> None:
        ask(acme, wish(ANA, cohort="blue"))
        lms = Lms()
        work(acme, lms)
        ask(acme, wish(ANA, cohort="red"))
        assert wishes(acme)[ANA, OPEN].cohort == "red"
        assert work(acme, lms) == 0
        assert len(lms.calls) == 1

    def test_another_mode_is_told_to_the_lms(self, acme: Database) -> None:
        ask(acme, wish(ANA, mode=CourseMode.AUDIT))
        work(acme)
        ask(acme, wish(ANA, mode=CourseMode.VERIFIED))
        work(acme)
        assert seats(acme) == [(ANA, OPEN, "api", "verified")]

    def test_of_two_wishes_of_one_request_the_last_counts(self, acme: Database) -> None:
        assert told(acme, wish(ANA), leave(ANA)) == [SUCCESS, SUCCESS]
        work(acme)
        assert seats(acme) == []
        assert states(acme) == {ANA: (False, "done")}

    def test_what_the_lms_refuses_has_failed_until_it_is_wished_again(self, acme: Database) -> None:
        ask(acme, wish(ANA))
        work(acme, Lms({ANA: "no"}))
        assert states(acme) == {ANA: (True, "failed")}
        assert told(acme, wish(ANA)) == [SUCCESS]
        work(acme)
        assert seats(acme) == [(ANA, OPEN, "api", "verified")]

    def test_a_seat_that_was_ended_otherwise_is_wished_for_anew(self, acme: Database) -> None:
        ask(acme, wish(ANA))
        work(acme)
        with acme.transaction() as session:
            session.execute(update(Enrollment).values(unenrolled_at=clock.now()))
        ask(acme, wish(ANA))
        work(acme)
        assert seats(acme) == [(ANA, OPEN, "api", "verified")]

    def test_work_that_stopped_before_it_was_recorded_is_done_again(self, acme: Database) -> None:
        ask(acme, wish(ANA))

        def die() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            work(acme, Lms(meanwhile=die))
        assert seats(acme) == []
        assert work(acme) == 1
        assert seats(acme) == [(ANA, OPEN, "api", "verified")]

    def test_a_wish_without_an_answer_stays_queued_and_the_others_are_recorded(
        self, acme: Database
    ) -> None:
        with acme.transaction() as session:
            world.know(session, [ANA, BOB, CYD])
        ask(acme, wish(ANA), wish(BOB), wish(CYD))
        lms = Lms()
        lms.silent = {ANA}
        with pytest.raises(LmsUnavailable, match="away"):
            work(acme, lms, size=2)
        assert states(acme) == {ANA: (True, "queued"), BOB: (True, "done"), CYD: (True, "done")}
        assert [email for email, *_ in seats(acme)] == [BOB, CYD]
        lms.silent.clear()
        assert work(acme, lms) == 1
        assert [email for email, *_ in seats(acme)] == [ANA, BOB, CYD]


class TestWaiting:
    def test_who_has_no_account_is_enrolled_when_one_is_known(self, acme: Database) -> None:
        assert told(acme, wish(BOB)) == [PENDING]
        assert states(acme) == {BOB: (True, "waiting")}
        assert work(acme) == 0
        with acme.transaction() as session:
            world.know(session, [ANA, BOB])
        assert work(acme) == 1
        assert seats(acme) == [(BOB, OPEN, "api", "verified")]
        assert told(acme, wish(BOB)) == [SUCCESS]

    def test_an_lms_is_asked_for_the_account(self, acme: Database) -> None:
        assert told(acme, wish(BOB), wish(CYD), asks_lms=True) == [PENDING, PENDING]
        work(acme, LmsWithoutAccounts(CYD))
        assert states(acme) == {BOB: (True, "waiting"), CYD: (True, "done")}
        assert seats(acme) == [(CYD, OPEN, "api", "verified")]

    def test_the_lms_is_asked_again_after_an_hour(self, acme: Database) -> None:
        ask(acme, wish(BOB), asks_lms=True)
        work(acme, LmsWithoutAccounts())
        [task] = TASKS
        with clock.frozen_at(clock.now() + timedelta(minutes=59)):
            assert task.is_needed is not None
            assert not task.is_needed(acme)
            assert task.function(acme, LMS) == {"batches under way": 0}
        with clock.frozen_at(clock.now() + timedelta(minutes=61)):
            assert task.is_needed(acme)
            assert task.function(acme, Settings()) == {"batches under way": 0}
            assert task.function(acme, LMS) == {"batches under way": 1}
        work(acme, LmsWithoutAccounts(BOB))
        assert seats(acme) == [(BOB, OPEN, "api", "verified")]

    def test_who_waits_no_more_wants_nothing_of_the_lms(self, acme: Database) -> None:
        ask(acme, wish(BOB))
        assert told(acme, leave(BOB)) == [SUCCESS]
        assert states(acme) == {BOB: (False, "done")}
        with acme.transaction() as session:
            world.know(session, [ANA, BOB])
        assert work(acme) == 0


class TestLeaving:
    def test_an_enrollment_ends_in_the_lms_first(self, acme: Database) -> None:
        ask(acme, wish(ANA), wish(ANA, HARD))
        work(acme)
        assert told(acme, leave(ANA)) == [SUCCESS]
        lms = Lms()
        work(acme, lms)
        assert [(seat.email, seat.courserun_key) for seat in lms.ended] == [(ANA, OPEN)]
        assert seats(acme) == [(ANA, HARD, "api", "verified")]
        assert seats(acme, ended=True) == [(ANA, OPEN, "api", "verified")]
        assert events(acme, "enrollment.ended") == 1

    def test_leaving_again_changes_nothing(self, acme: Database) -> None:
        ask(acme, wish(ANA))
        work(acme)
        ask(acme, leave(ANA))
        work(acme)
        before, lms = wishes(acme), Lms()
        assert told(acme, leave(ANA), leave(BOB), leave("new@acme.example")) == [SUCCESS] * 3
        assert work(acme, lms) == 0
        assert (wishes(acme), lms.ended) == (before, [])

    def test_who_leaves_a_run_that_left_the_catalog_may(self, acme: Database) -> None:
        ask(acme, wish(ANA))
        work(acme)
        with acme.transaction() as session:
            world.stock(session, world.course("Open", "Expert"))
        assert told(acme, wish(BOB), leave(BOB), leave(ANA)) == [
            Outcome.NOT_IN_CATALOG,
            Outcome.NOT_IN_CATALOG,
            SUCCESS,
        ]
        work(acme)
        assert seats(acme) == []

    def test_who_comes_back_is_enrolled_again(self, acme: Database) -> None:
        for _ in range(2):
            ask(acme, wish(ANA))
            work(acme)
            ask(acme, leave(ANA))
            work(acme)
        ask(acme, wish(ANA))
        work(acme)
        assert seats(acme) == [(ANA, OPEN, "api", "verified")]

    def test_who_leaves_while_the_lms_is_called_is_not_left_in_it(self, acme: Database) -> None:
        ask(acme, wish(ANA))
        left: list[object] = []

        def meanwhile() -> None:
            if not left:
                left.append(ask(acme, leave(ANA)))
                # The other job is quicker: it ends what is not there yet.
                work(acme, other)

        other, lms = Lms(), Lms(meanwhile=meanwhile)
        work(acme, lms)
        assert seats(acme) == []
        assert [seat.email for seat in lms.ended] == [ANA]
        assert states(acme) == {ANA: (False, "done")}


class TestOtherPayers:
    def test_a_seat_that_a_license_pays_for_stays_the_license_s(self, acme: Database) -> None:
        with acme.transaction() as session:
            world.give(session, [ANA])
        world.run(acme, [ANA], [OPEN])
        assert told(acme, wish(ANA, mode=CourseMode.AUDIT)) == [SUCCESS]
        assert (wishes(acme), queued(acme)) == ({}, [])
        assert ask(acme, leave(ANA)) == [Answered(Outcome.PAID_OTHERWISE, Payer.LICENSE)]
        assert work(acme) == 0
        assert seats(acme) == [(ANA, OPEN, "license", "verified")]

    def test_revoking_a_license_ends_no_seat_of_the_api(self, acme: Database) -> None:
        ask(acme, wish(ANA))
        work(acme)
        with acme.transaction() as session:
            world.give(session, [ANA])
        world.run(acme, [ANA], [OPEN])
        world.revoke(acme, [ANA])
        with acme.transaction() as session:
            licenses = session.scalars(select(License.uuid)).all()
            assert end_enrollments(session, ACTOR, ACME, license_uuids=licenses) == []
        assert seats(acme) == [(ANA, OPEN, "api", "verified")]

    def test_a_license_that_was_quicker_keeps_its_seat(self, acme: Database) -> None:
        with acme.transaction() as session:
            world.give(session, [ANA])
        ask(acme, wish(ANA))
        world.run(acme, [ANA], [OPEN])
        lms = Lms()
        work(acme, lms)
        assert (lms.calls, seats(acme)) == ([], [(ANA, OPEN, "license", "verified")])
        assert ask(acme, leave(ANA)) == [Answered(Outcome.PAID_OTHERWISE, Payer.LICENSE)]

    def test_leaving_ends_nothing_that_others_came_to_pay_for(self, acme: Database) -> None:
        with acme.transaction() as session:
            world.give(session, [ANA])
        ask(acme, wish(ANA))
        world.run(acme, [ANA], [OPEN])
        assert told(acme, leave(ANA)) == [SUCCESS]
        lms = Lms()
        work(acme, lms)
        assert (lms.ended, seats(acme)) == ([], [(ANA, OPEN, "license", "verified")])


class TestMail:
    def mails(self, database: Database) -> list[tuple[str, str]]:
        with database.read() as connection:
            rows = connection.execute(
                select(Delivery.kind, Delivery.recipient).order_by(Delivery.id)
            )
            return [(row.kind, row.recipient) for row in rows]

    def test_learners_are_told_only_where_it_is_asked_for(self, acme: Database) -> None:
        ask(acme, wish(ANA, notify=True), wish(ANA, HARD, notify=True), wish(ANA, CLOSED))
        work(acme)
        assert self.mails(acme) == [(ENROLLED, ANA)]
        with acme.read() as connection:
            context = connection.scalar(select(Delivery.context))
        assert context is not None
        assert context["courses"] == [
            {"title": "Hard", "link": f"https://lms.example/courses/{HARD}/course/"},
            {"title": "Open", "link": ANY},
        ]

    def test_who_has_left_gets_no_mail(self, acme: Database) -> None:
        ask(acme, wish(ANA, notify=True))
        work(acme)
        [kind] = MAIL_KINDS
        with acme.transaction() as session:
            [mail] = queued_mails(session)
            assert kind.why_untrue(session, [mail]) == {}
        ask(acme, leave(ANA))
        with acme.transaction() as session:
            assert list(kind.why_untrue(session, [mail])) == [mail.uuid]


def queued_mails(session: Session) -> list[QueuedDelivery]:
    rows = session.connection().execute(select(Delivery.__table__))
    names = QueuedDelivery.__dataclass_fields__
    return [QueuedDelivery(**{name: getattr(row, name) for name in names}) for row in rows]


def test_ten_thousand_wishes_take_a_handful_of_statements(acme: Database) -> None:
    def mixed(number: int) -> list[Wish]:
        return [
            wish(f"l{index}@acme.example", OPEN if index % 2 else "nonsense", notify=True)
            for index in range(number)
        ]

    counts = []
    for number in (50, 10_000):
        with statements_of(acme) as seen:
            answers = told(acme, *mixed(number))
        counts.append(len(seen))
        assert answers == [Outcome.NOT_IN_CATALOG, PENDING] * (number // 2)
    # SQLite makes five thousand learners in parts of a thousand.
    assert counts[1] <= counts[0] + 4
    assert counts[1] <= 13
    assert_sound(acme)


def test_check_finds_what_does_not_agree(acme: Database) -> None:
    ask(acme, wish(ANA))
    work(acme)
    with acme.transaction() as session:
        session.execute(update(DirectEnrollment).values(courserun_key=HARD))
        found = [line.rpartition(": ")[2] for line in check_direct_enrollments(session)]
        session.rollback()
    assert found == ["no direct enrollment tells of it", "done, but there is no enrollment"]
