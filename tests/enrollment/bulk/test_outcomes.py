"""What comes of the pairs of a job."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select, update

from bursar import clock
from bursar.database.engine import Database
from bursar.delivery.models import Delivery
from bursar.enrollment.bulk import jobs, service
from bursar.enrollment.bulk.checks import check_bulk_enrollment
from bursar.enrollment.bulk.enrolling import GIVE_BACK, UnansweringLms
from bursar.enrollment.bulk.mail import ENROLLED
from bursar.enrollment.bulk.models import BulkEnrollmentRow
from bursar.enrollment.bulk.pending import AWAY_AFTER
from bursar.enrollment.bulk.tasks import tasks
from bursar.enrollment.gateway import (
    EmbeddedGateway,
    LmsEnrollment,
    LmsOutcome,
    LmsUnavailable,
)
from bursar.enrollment.models import Enrollment
from bursar.events.models import EventRecord
from bursar.jobs.queue import JobQueue
from bursar.jobs.worker import Worker
from bursar.settings import Settings
from bursar.subscriptions.licenses.models import License
from testing.databases.composed import opener
from testing.jobs import change_status
from testing.jobs import jobs as stored_jobs
from testing.waiting import wait_until
from testing.worlds.bulk_enrollment import (
    ACME,
    ADVANCED,
    ANA,
    AWAY,
    BOB,
    CLOSED,
    CYD,
    GLOBEX,
    GLOBEX_CATALOG,
    HARD,
    OPEN,
    OTHER_PLAN,
    PENDING,
    PLAN,
    SUCCESS,
    Lms,
    activate,
    build,
    counts,
    course,
    create,
    days,
    do_chunk,
    emails,
    enrollments,
    give,
    job_row,
    know,
    license_statuses,
    outcomes,
    plan,
    revoke,
    run,
    run_keys,
    settle_pending,
    stock,
)


def test_every_pair_has_the_outcome_of_the_reference(acme: Database) -> None:
    job = run(acme, [ANA, BOB, CYD], [OPEN, CLOSED, HARD, "nonsense", "edX+Open"])
    assert outcomes(acme, job) == {
        (ANA, OPEN): SUCCESS,
        (ANA, CLOSED): ("failed", "enrollment closed"),
        (ANA, HARD): ("failed", "course run not in catalog"),
        (ANA, "nonsense"): ("failed", "unknown course run"),
        (ANA, "edX+Open"): ("failed", "unknown course run"),
        (BOB, OPEN): PENDING,
        (BOB, CLOSED): ("failed", "enrollment closed"),
        (BOB, HARD): ("failed", "course run not in catalog"),
        (BOB, "nonsense"): ("failed", "unknown course run"),
        (BOB, "edX+Open"): ("failed", "unknown course run"),
        (CYD, OPEN): ("failed", "missing subscription"),
        (CYD, CLOSED): ("failed", "missing subscription"),
        (CYD, HARD): ("failed", "missing subscription"),
        (CYD, "nonsense"): ("failed", "unknown course run"),
        (CYD, "edX+Open"): ("failed", "unknown course run"),
    }
    assert counts(acme, job) == ("done", 1, 1, 13)
    assert enrollments(acme) == [(ANA, OPEN)]


def test_a_known_learner_s_license_is_activated_by_it_and_no_other(acme: Database) -> None:
    run(acme, [ANA, BOB], [OPEN])
    assert license_statuses(acme) == {ANA: "activated", BOB: "assigned"}


def test_a_failed_pair_activates_nothing(acme: Database) -> None:
    run(acme, [ANA], [CLOSED, HARD], lms=Lms())
    run(acme, [ANA], [OPEN], lms=Lms({ANA: "no"}))
    assert license_statuses(acme) == {ANA: "assigned", BOB: "assigned"}


def test_an_activated_license_needs_no_known_account(acme: Database) -> None:
    activate(acme, [BOB])
    job = run(acme, [BOB], [OPEN])
    assert outcomes(acme, job) == {(BOB, OPEN): SUCCESS}
    assert enrollments(acme) == [(BOB, OPEN)]


@pytest.mark.parametrize(
    "fields",
    [
        {"is_active": False},
        {"start_date": days(1)},
        {"expiration_date": days(-1)},
    ],
)
def test_a_plan_that_is_not_current_has_no_licenses(acme: Database, fields: dict[str, Any]) -> None:
    with acme.transaction() as session:
        plan(session, **fields)
    job = run(acme, [ANA], [OPEN])
    assert outcomes(acme, job) == {(ANA, OPEN): ("failed", "missing subscription")}


def test_a_license_of_another_enterprise_counts_for_nothing(database: Database) -> None:
    with database.transaction() as session:
        build(session)
        plan(session, OTHER_PLAN, GLOBEX, enterprise_catalog_uuid=GLOBEX_CATALOG)
        know(session, [ANA], GLOBEX)
        give(session, [ANA], OTHER_PLAN, GLOBEX)
    job = run(database, [ANA], [OPEN])
    assert outcomes(database, job) == {(ANA, OPEN): ("failed", "missing subscription")}


class TestSeveralPlans:
    def test_the_one_that_expires_last_pays(self, acme: Database) -> None:
        with acme.transaction() as session:
            plan(session, OTHER_PLAN, expiration_date=days(600))
            give(session, [ANA], OTHER_PLAN)
        run(acme, [ANA], [OPEN])
        assert license_statuses(acme)[ANA] == "assigned"
        assert license_statuses(acme, OTHER_PLAN) == {ANA: "activated"}

    def test_only_a_plan_whose_catalog_has_the_run_pays(self, acme: Database) -> None:
        with acme.transaction() as session:
            plan(session, OTHER_PLAN, expiration_date=days(600), enterprise_catalog_uuid=ADVANCED)
            give(session, [ANA], OTHER_PLAN)
        job = run(acme, [ANA], [OPEN, HARD])
        assert outcomes(acme, job) == {(ANA, OPEN): SUCCESS, (ANA, HARD): SUCCESS}
        with acme.read() as connection:
            paid = dict(
                connection.execute(
                    select(Enrollment.courserun_key, License.plan_uuid).join(
                        License, License.uuid == Enrollment.license_uuid
                    )
                ).all()
            )
        assert paid == {OPEN: PLAN, HARD: OTHER_PLAN}


class TestTheLms:
    def test_is_told_of_good_pairs_alone_in_one_call(self, acme: Database) -> None:
        lms = Lms()
        run(acme, [ANA, BOB, CYD], [OPEN, CLOSED], lms=lms)
        [[seat]] = lms.calls
        assert (seat.enterprise_uuid, seat.email, seat.courserun_key) == (ACME, ANA, OPEN)
        assert (seat.lms_user_id, seat.username) == (501, "ana")

    def test_may_refuse_some_for_good(self, acme: Database) -> None:
        with acme.transaction() as session:
            know(session, [ANA, BOB])
        job = run(acme, [ANA, BOB], [OPEN], lms=Lms({BOB: "the account is blocked"}))
        assert outcomes(acme, job) == {
            (ANA, OPEN): SUCCESS,
            (BOB, OPEN): ("failed", "LMS error: the account is blocked"),
        }
        assert enrollments(acme) == [(ANA, OPEN)]

    def test_that_never_answers_fails_the_good_pairs_alone(self, acme: Database) -> None:
        with acme.transaction() as session:
            job = create(session, [ANA, BOB], [OPEN])
        do_chunk(acme, job, 0, UnansweringLms("the LMS did not answer"))
        assert outcomes(acme, job) == {
            (ANA, OPEN): ("failed", "LMS error: the LMS did not answer"),
            (BOB, OPEN): PENDING,
        }
        assert license_statuses(acme)[ANA] == "assigned"

    def test_pairs_without_an_answer_are_left_and_the_others_recorded(self, acme: Database) -> None:
        with acme.transaction() as session:
            know(session, [ANA, BOB])
            job = create(session, [ANA, BOB, CYD], [OPEN], notify=True)
        lms = Lms()
        lms.silent = {ANA}
        for _ in range(2):
            with pytest.raises(LmsUnavailable, match="away"):
                do_chunk(acme, job, 0, lms)
            assert counts(acme, job) == ("running", 1, 0, 1)
            assert enrollments(acme) == [(BOB, OPEN)]
            assert mails(acme) == [BOB]
        assert [[seat.email for seat in call] for call in lms.calls] == [[ANA, BOB], [ANA]]
        assert license_statuses(acme) == {ANA: "assigned", BOB: "activated"}
        lms.silent.clear()
        do_chunk(acme, job, 0, lms)
        assert counts(acme, job) == ("done", 2, 0, 1)
        assert enrollments(acme) == [(ANA, OPEN), (BOB, OPEN)]
        assert mails(acme) == [ANA, BOB]
        assert actions(acme, "job.finished") == 1

    def test_giving_up_fails_only_pairs_without_an_answer(self, acme: Database) -> None:
        with acme.transaction() as session:
            know(session, [ANA, BOB])
            job = create(session, [ANA, BOB], [OPEN])
        lms = Lms()
        lms.silent = {ANA}
        with pytest.raises(LmsUnavailable):
            do_chunk(acme, job, 0, lms)
        do_chunk(acme, job, 0, UnansweringLms("the LMS did not answer"))
        assert outcomes(acme, job) == {
            (ANA, OPEN): ("failed", "LMS error: the LMS did not answer"),
            (BOB, OPEN): SUCCESS,
        }
        assert counts(acme, job) == ("done", 1, 0, 1)

    def test_a_lane_does_not_wait_for_pairs_without_an_answer(
        self, acme: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service, "CHUNK_SIZE", 2)
        monkeypatch.setattr(jobs, "LANES", 1)
        with acme.transaction() as session:
            know(session, [ANA, BOB])
            job = create(session, [ANA, BOB, CYD], [OPEN])
        lms = Lms()
        lms.silent = {ANA}
        with pytest.raises(LmsUnavailable):
            do_chunk(acme, job, 0, lms)
        assert f"{jobs.CHUNK}:{job}:1" in stored_jobs(acme)

    def test_a_lost_seat_is_given_back_although_others_have_no_answer(self, acme: Database) -> None:
        with acme.transaction() as session:
            know(session, [ANA, BOB])
            job = create(session, [ANA, BOB], [OPEN])
        before = stored_jobs(acme)
        lms = Lms(meanwhile=lambda: revoke(acme, [BOB]))
        lms.silent = {ANA}
        with pytest.raises(LmsUnavailable):
            do_chunk(acme, job, 0, lms)
        assert outcomes(acme, job) == {(BOB, OPEN): ("failed", "missing subscription")}
        assert len(stored_jobs(acme)) > len(before)
        jobs.give_back_lost(acme, lms, job, 0)
        assert [seat.email for seat in lms.ended] == [BOB]

    def test_what_another_recorded_meanwhile_is_not_recorded_again(self, acme: Database) -> None:
        with acme.transaction() as session:
            know(session, [ANA, BOB])
            job = create(session, [ANA, BOB], [OPEN])
        other = Lms()
        other.silent = {ANA}

        def overtake() -> None:
            with pytest.raises(LmsUnavailable):
                do_chunk(acme, job, 0, other)

        do_chunk(acme, job, 0, Lms(meanwhile=overtake))
        assert counts(acme, job) == ("done", 2, 0, 0)
        assert actions(acme, "enrollment.created") == 2

    def test_a_done_chunk_without_all_of_its_pairs_is_found(self, acme: Database) -> None:
        job = run(acme, [ANA, BOB], [OPEN])
        with acme.transaction() as session:
            session.execute(delete(BulkEnrollmentRow).where(BulkEnrollmentRow.number == 1))
        with acme.transaction() as session:
            assert (
                f"bulk_enrollment_jobs: {job}: chunk 0 is done with 1 pairs, not 2"
                in check_bulk_enrollment(session)
            )


class TestOnce:
    def test_a_chunk_that_is_repeated_changes_nothing(self, acme: Database) -> None:
        lms = Lms()
        job = run(acme, [ANA, BOB], [OPEN], notify=True, lms=lms)
        assert do_chunk(acme, job, 0, lms) == 0
        assert len(lms.calls) == 1
        assert counts(acme, job) == ("done", 1, 1, 0)
        assert mails(acme) == [ANA]

    def test_a_chunk_that_another_did_meanwhile_is_left_to_it(self, acme: Database) -> None:
        with acme.transaction() as session:
            job = create(session, [ANA, BOB], [OPEN])
        other = Lms()

        def overtake() -> None:
            if not other.calls:
                do_chunk(acme, job, 0, other)

        do_chunk(acme, job, 0, Lms(meanwhile=overtake))
        assert counts(acme, job) == ("done", 1, 1, 0)
        assert actions(acme, "enrollment.created") == 1

    def test_a_learner_who_sits_there_already_succeeds_and_sits_there_once(
        self, acme: Database
    ) -> None:
        jobs_done = [run(acme, [ANA], [OPEN]) for _ in range(2)]
        for job in jobs_done:
            assert outcomes(acme, job) == {(ANA, OPEN): SUCCESS}
        assert enrollments(acme) == [(ANA, OPEN)]
        assert actions(acme, "enrollment.created") == 1


class TestWhileItRuns:
    def test_a_license_that_is_revoked_pays_for_nothing_and_the_lms_gets_the_seat_back(
        self, acme: Database
    ) -> None:
        activate(acme, [ANA])
        with acme.transaction() as session:
            job = create(session, [ANA, BOB], [OPEN])
        lms = Lms(meanwhile=lambda: revoke(acme, [ANA]))
        assert do_chunk(acme, job, 0, lms) == 1
        assert outcomes(acme, job)[ANA, OPEN] == ("failed", "missing subscription")
        assert enrollments(acme) == []
        jobs.give_back_lost(acme, lms, job, 0)
        assert [(seat.email, seat.courserun_key) for seat in lms.ended] == [(ANA, OPEN)]

    def test_an_assigned_license_that_is_revoked_is_not_activated(self, acme: Database) -> None:
        lms = Lms(meanwhile=lambda: revoke(acme, [ANA]))
        job = run(acme, [ANA], [OPEN], lms=lms)
        assert outcomes(acme, job) == {(ANA, OPEN): ("failed", "missing subscription")}
        assert license_statuses(acme)[ANA] == "revoked"

    def test_a_seat_that_something_else_pays_for_is_not_given_back(self, acme: Database) -> None:
        run(acme, [ANA], [OPEN])
        with acme.transaction() as session:
            plan(session, OTHER_PLAN, expiration_date=days(600))
            give(session, [ANA], OTHER_PLAN)
            job = create(session, [ANA, BOB], [OPEN])
        lms = Lms(meanwhile=lambda: revoke(acme, [ANA], OTHER_PLAN))
        do_chunk(acme, job, 0, lms)
        jobs.give_back_lost(acme, lms, job, 0)
        assert lms.ended == []

    def test_each_chunk_sees_the_catalog_as_it_is(
        self, acme: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service, "CHUNK_SIZE", 1)
        moved = iter([None])

        def move() -> None:
            for _ in moved:
                with acme.transaction() as session:
                    stock(session, course("C1", "Advanced"))

        with acme.transaction() as session:
            stock(session, course("C0"), course("C1"))
        job = run(acme, [ANA], run_keys(2), lms=Lms(meanwhile=move))
        assert list(outcomes(acme, job).values()) == [
            SUCCESS,
            ("failed", "course run not in catalog"),
        ]


class AwayLms(Lms):
    """Does not answer when it is to end something while it is away."""

    is_away = False

    def end(self, seats: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        if self.is_away:
            return [AWAY for _ in seats]
        return super().end(seats)


class TestPending:
    def test_pairs_are_enrolled_when_their_license_is_activated(self, acme: Database) -> None:
        job = run(acme, [ANA, BOB], [OPEN])
        assert settle_pending(acme, Lms()) == 0
        activate(acme, [BOB])
        lms = Lms()
        assert settle_pending(acme, lms) == 1
        assert lms.seats == {(BOB, OPEN)}
        assert outcomes(acme, job) == {(ANA, OPEN): SUCCESS, (BOB, OPEN): SUCCESS}
        assert counts(acme, job) == ("done", 2, 0, 0)
        assert enrollments(acme) == [(ANA, OPEN), (BOB, OPEN)]
        assert settle_pending(acme, Lms()) == 0

    def test_an_activation_has_a_worker_enroll_who_waits_for_it(self, acme: Database) -> None:
        run(acme, [BOB], [OPEN])
        before = stored_jobs(acme)
        activate(acme, [ANA])
        assert stored_jobs(acme) == before
        activate(acme, [BOB])
        [status] = [status for job, status in stored_jobs(acme).items() if job not in before]
        assert status == "ENQUEUED"

    def test_pairs_of_a_revoked_license_fail(self, acme: Database) -> None:
        job = run(acme, [BOB], [OPEN])
        revoke(acme, [BOB])
        assert settle_pending(acme, Lms()) == 1
        assert outcomes(acme, job) == {(BOB, OPEN): ("failed", "missing subscription")}
        assert counts(acme, job) == ("done", 0, 0, 1)

    def test_pairs_of_a_revoked_license_wait_for_the_next_one(self, acme: Database) -> None:
        job = run(acme, [BOB], [OPEN])
        revoke(acme, [BOB])
        with acme.transaction() as session:
            give(session, [BOB])
        assert settle_pending(acme, Lms()) == 0
        assert outcomes(acme, job) == {(BOB, OPEN): PENDING}
        activate(acme, [BOB])
        assert settle_pending(acme, Lms()) == 1
        assert counts(acme, job) == ("done", 1, 0, 0)

    def test_pairs_wait_for_an_lms_that_does_not_answer(self, acme: Database) -> None:
        lms = Lms()
        lms.silent = {BOB}
        job = run(acme, [BOB], [OPEN])
        activate(acme, [BOB])
        assert settle_pending(acme, lms) == 0
        assert outcomes(acme, job) == {(BOB, OPEN): PENDING}
        lms.silent.clear()
        assert settle_pending(acme, lms) == 1

    def test_pairs_without_an_answer_keep_no_others_waiting(self, acme: Database) -> None:
        lms = Lms()
        lms.silent = {BOB}
        several = [run(acme, [BOB], [OPEN]) for _ in range(3)]
        with acme.transaction() as session:
            give(session, [CYD])
        last = run(acme, [BOB, CYD], [OPEN])
        activate(acme, [BOB, CYD])
        assert settle_pending(acme, lms) == 1
        assert outcomes(acme, last) == {(BOB, OPEN): PENDING, (CYD, OPEN): SUCCESS}
        assert [outcomes(acme, job) for job in several] == [{(BOB, OPEN): PENDING}] * 3

    def test_an_lms_that_answers_nothing_is_not_asked_about_everybody(self, acme: Database) -> None:
        lms = Lms()
        lms.silent = {BOB}
        for _ in range(AWAY_AFTER + 3):
            run(acme, [BOB], [OPEN])
        activate(acme, [BOB])
        assert settle_pending(acme, lms) == 0
        assert len(lms.calls) == AWAY_AFTER

    @pytest.mark.slow  # a stopping DBOS takes its time
    def test_a_seat_that_lost_its_license_is_given_back_although_the_lms_was_away(
        self, acme: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service, "CHUNK_SIZE", 1)
        job = run(acme, [ANA, BOB], [OPEN])
        with acme.transaction() as session:
            key = f"{GIVE_BACK}:{job}:1"
            JobQueue(acme).enqueue(session, GIVE_BACK, str(job), 1, key=key)
        change_status(acme, key, "SUCCESS")
        activate(acme, [BOB])
        lms = AwayLms(meanwhile=lambda: revoke(acme, [BOB]))
        lms.is_away = True
        assert settle_pending(acme, lms) == 1
        assert outcomes(acme, job)[BOB, OPEN] == ("failed", "missing subscription")
        lms.is_away = False
        worker = Worker(opener(database_url), jobs.workflows(lms), polling_seconds=0.1)
        worker.start()
        try:
            wait_until(lambda: bool(lms.ended), "the seat is given back")
        finally:
            worker.stop()
        assert [(seat.email, seat.courserun_key) for seat in lms.ended] == [(BOB, OPEN)]

    def test_a_lost_seat_that_something_else_pays_for_is_not_given_back(
        self, acme: Database
    ) -> None:
        job = run(acme, [BOB], [OPEN])
        activate(acme, [BOB])
        lms = Lms(meanwhile=lambda: revoke(acme, [BOB]))
        assert settle_pending(acme, lms) == 1
        assert lms.ended == []
        with acme.transaction() as session:
            plan(session, OTHER_PLAN)
            give(session, [BOB], OTHER_PLAN)
        activate(acme, [BOB], OTHER_PLAN)
        run(acme, [BOB], [OPEN])
        assert enrollments(acme) == [(BOB, OPEN)]
        jobs.give_back_lost(acme, lms, job, 0)
        assert lms.ended == []

    def test_two_at_once_enroll_once(self, acme: Database) -> None:
        job = run(acme, [BOB], [OPEN], notify=True)
        activate(acme, [BOB])
        overtaking = Lms()

        def overtake() -> None:
            if not overtaking.calls:
                settle_pending(acme, overtaking)

        assert settle_pending(acme, Lms(meanwhile=overtake)) == 0
        assert counts(acme, job) == ("done", 1, 0, 0)
        assert mails(acme) == [BOB]

    def test_many_of_many_jobs_are_enrolled_by_the_task(self, acme: Database) -> None:
        people = emails(30)
        with acme.transaction() as session:
            give(session, people)
        done = [run(acme, people, [OPEN]) for _ in range(3)]
        activate(acme, people[:20])
        [task] = tasks(EmbeddedGateway())
        assert task.function(acme, Settings()) == {
            "pending pairs settled": 60,
            "jobs under way": 0,
        }
        assert [counts(acme, job) for job in done] == [("done", 20, 10, 0)] * 3
        assert len(enrollments(acme)) == 20

    def test_the_task_is_needed_only_while_there_is_something_for_it(self, acme: Database) -> None:
        [task] = tasks(EmbeddedGateway())
        assert task.is_needed is not None
        assert not task.is_needed(acme)
        people = emails(1)
        with acme.transaction() as session:
            give(session, people)
            job = create(session, people, [OPEN])
        assert task.is_needed(acme)
        do_chunk(acme, job, 0, Lms())
        assert counts(acme, job) == ("done", 0, 1, 0)
        assert not task.is_needed(acme)
        activate(acme, people)
        assert task.is_needed(acme)
        task.function(acme, Settings())
        assert not task.is_needed(acme)


class TestMail:
    def test_a_learner_gets_one_with_all_courses_when_it_is_wished(self, acme: Database) -> None:
        with acme.transaction() as session:
            stock(session, course("C0"))
        run(acme, [ANA, BOB], [OPEN, *run_keys(1), CLOSED], notify=True)
        with acme.read() as connection:
            [mail] = connection.execute(select(Delivery.__table__)).all()
        assert (mail.kind, mail.recipient, mail.enterprise_uuid) == (ENROLLED, ANA, ACME)
        assert mail.context == {
            "courses": [
                {"title": "Open I", "link": f"http://localhost:18000/courses/{OPEN}/course/"},
                {
                    "title": "C0 I",
                    "link": "http://localhost:18000/courses/course-v1:edX+C0+1/course/",
                },
            ]
        }

    def test_nobody_gets_one_otherwise(self, acme: Database) -> None:
        run(acme, [ANA], [OPEN])
        assert mails(acme) == []

    def test_a_pending_pair_s_comes_with_its_enrollment(self, acme: Database) -> None:
        run(acme, [BOB], [OPEN], notify=True)
        assert mails(acme) == []
        activate(acme, [BOB])
        settle_pending(acme, Lms())
        assert mails(acme) == [BOB]


def mails(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.scalars(select(Delivery.recipient).order_by(Delivery.recipient)))


def actions(database: Database, action: str) -> int:
    statement = select(func.count()).select_from(EventRecord).where(EventRecord.type == action)
    with database.read() as connection:
        return connection.scalar(statement) or 0


def test_every_change_of_a_job_is_told(acme: Database) -> None:
    job = run(acme, [ANA, BOB], [OPEN])
    activate(acme, [BOB])
    settle_pending(acme, Lms())
    events = events_of(acme, job)
    assert [event.type for event in events] == [
        "bulk_enrollment.created",
        "bulk_enrollment.started",
        "bulk_enrollment.progressed",
        "job.finished",
        "bulk_enrollment.progressed",
    ]
    assert [event.version for event in events] == [1, 2, 3, 1, 4]
    assert {(event.actor, event.request_id) for event in events} == {("client", "request-1")}
    created, started, progressed, finished, settled = events
    assert created.changes == {
        "state": [None, "queued"],
        "total": [None, 2],
        "learners": [None, 2],
        "notify": [None, False],
    }
    assert started.changes == {"state": ["queued", "running"]}
    assert progressed.changes == {"succeeded": [0, 1], "pending": [0, 1]}
    assert finished.changes == {"state": ["running", "done"]}
    assert settled.changes == {"succeeded": [1, 2], "pending": [1, 0]}
    assert settled.data is not None
    assert (settled.data["state"], settled.data["done"], settled.data["succeeded"]) == (
        "done",
        2,
        2,
    )


def events_of(database: Database, job: UUID) -> list[EventRecord]:
    statement = select(EventRecord).where(EventRecord.object_id == str(job))
    with database.transaction() as session:
        return list(session.scalars(statement.order_by(EventRecord.id)))


def test_a_job_of_many_chunks_has_every_pair_once_in_the_order_of_the_request(
    acme: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "CHUNK_SIZE", 7)
    people, keys = emails(9), [OPEN, HARD, "nonsense", CLOSED, "more nonsense"]
    with acme.transaction() as session:
        know(session, people)
        give(session, people)
    job = run(acme, people, keys)
    assert list(outcomes(acme, job)) == [(email, key) for email in people for key in keys]
    assert counts(acme, job) == ("done", 9, 0, 36)


def test_finished_is_when_the_last_pair_was_done(acme: Database) -> None:
    job = run(acme, [BOB], [OPEN])
    with acme.transaction() as session:
        finished = job_row(session, job).finished_at
    activate(acme, [BOB])
    with clock.frozen_at(clock.now() + timedelta(hours=1)):
        settle_pending(acme, Lms())
    with acme.transaction() as session:
        assert job_row(session, job).finished_at == finished


def test_the_check_finds_what_does_not_add_up(acme: Database) -> None:
    job = run(acme, [ANA, BOB], [OPEN])
    with acme.transaction() as session:
        session.execute(update(BulkEnrollmentRow).values(status="failed"))
    with acme.transaction() as session:
        assert list(check_bulk_enrollment(session)) == [
            f"bulk_enrollment_jobs: {job}: succeeded_count is 1, not 0",
            f"bulk_enrollment_jobs: {job}: pending_count is 1, not 0",
            f"bulk_enrollment_jobs: {job}: failed_count is 0, not 2",
        ]
