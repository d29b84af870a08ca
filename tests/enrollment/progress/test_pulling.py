"""Progress is pulled from a fake LMS over HTTP, page by page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from pydantic import SecretStr

from bursar import clock
from bursar.connectors.openedx.client import LmsAccess
from bursar.connectors.openedx.progress_lists import OpenEdxLists
from bursar.database.engine import Database
from bursar.enrollment.gateway import LmsUnavailable
from bursar.enrollment.progress.lms_reading import FactPage
from bursar.enrollment.progress.lms_taking import Taken
from bursar.enrollment.progress.pulling import Pull, Pulled, counts_of
from bursar.learners.commands import DeclaredLearner
from bursar.learners.service import find_learners, put_learners
from testing.databases.statements import statements_of
from testing.fakes.lms import CLIENT_ID, CLIENT_SECRET, FakeLms, Trouble, running_lms
from testing.fakes.lms_lists import ENROLLMENTS_ON_A_PAGE, Grade
from testing.worlds.progress import (
    ACME,
    ACTOR,
    ANA,
    BEN,
    CYD,
    NOW,
    RUN,
    after,
    enroll,
    row,
    rows,
    told,
)

EVERY = timedelta(hours=1)
OTHER = "course-v1:edX+Other+1"


@dataclass
class Campus:
    """An LMS, and a Bursar that pulls from it."""

    database: Database
    lms: FakeLms
    url: str
    pauses: list[float]

    def reader(self, per_minute: int = 1_000) -> OpenEdxLists:
        access = LmsAccess(self.url, CLIENT_ID, SecretStr(CLIENT_SECRET), attempts=2)
        return OpenEdxLists(access, per_minute, sleep=self.pauses.append)

    def pull(self, hours: float = 1, *, all_runs: bool = False, per_minute: int = 1_000) -> Pulled:
        reader = self.reader(per_minute)
        try:
            with clock.frozen_at(after(hours)):
                return Pull(self.database, reader, EVERY).run(all_runs=all_runs)
        finally:
            reader.close()

    def seat(self, username: str, run: str = RUN, mode: str = "verified") -> None:
        one = {"user": username, "is_active": True, "mode": mode}
        self.lms.enrollments[username, run] = one

    def crowd(self, number: int) -> list[str]:
        """So many learners whom Bursar has enrolled, with accounts that it knows."""
        people = [
            DeclaredLearner(
                email=f"p{each}@acme.example", username=f"p{each}", lms_user_id=10_000 + each
            )
            for each in range(number)
        ]
        with self.database.transaction() as session:
            put_learners(session, ACTOR, ACME, people, at=NOW)
        enroll(self.database, *(each.email for each in people))
        for each in range(number):
            self.seat(f"p{each}")
        return [each.email for each in people]


@pytest.fixture
def campus(acme: Database) -> Iterator[Campus]:
    lms = FakeLms()
    lms.accounts = {ANA: "ana", BEN: "ben"}
    lms.account_ids = {"ana": 501, "ben": 502}
    with running_lms(lms) as url:
        yield Campus(acme, lms, url, [])


def test_grades_passes_and_modes_come_in(campus: Campus) -> None:
    enroll(campus.database, ANA, BEN)
    campus.seat("ana", mode="audit")
    campus.seat("ben")
    campus.lms.grades["ana", RUN] = Grade(0.83, passed=True, letter="B")
    pulled = campus.pull(1)
    assert (pulled.runs, pulled.taken.changed) == (1, 3)
    ana, ben = row(campus.database, ANA), row(campus.database, BEN)
    assert (ana["mode"], ana["current_grade"], ana["letter_grade"]) == ("audit", 0.83, "B")
    assert (ana["has_passed"], ana["passed_date"]) == (True, date(2026, 3, 10))
    assert (ben["current_grade"], ben["has_passed"], ben["source"]) == (0.0, False, "pull")
    assert told(campus.database).count("enrollment.passed") == 1


def test_a_second_pull_changes_nothing_and_dates_no_pass_anew(campus: Campus) -> None:
    enroll(campus.database, ANA)
    campus.seat("ana")
    campus.lms.grades["ana", RUN] = Grade(0.83, passed=True)
    campus.pull(1)
    before, events = row(campus.database, ANA), told(campus.database)
    assert campus.pull(60).taken == Taken()
    assert (row(campus.database, ANA), told(campus.database)) == (before, events)


def test_what_ended_in_the_lms_and_whom_nobody_knows(campus: Campus) -> None:
    enroll(campus.database, ANA)
    campus.seat("ana")
    campus.seat("stranger")
    campus.lms.enrollments["ana", RUN]["is_active"] = False
    assert campus.pull(30).taken.unknown_people == 2
    assert row(campus.database, ANA)["unenrolled_at"].date() == date(2026, 3, 11)


def test_a_learner_whom_bursar_knows_and_has_not_enrolled(campus: Campus) -> None:
    enroll(campus.database, ANA)
    campus.seat("ana")
    campus.seat("ben", mode="audit")
    assert campus.pull().taken.created == 1
    assert row(campus.database, BEN)["payer"] == "reported"


def test_only_runs_in_which_bursar_has_enrolled_somebody_are_asked_for(campus: Campus) -> None:
    enroll(campus.database, ANA)
    campus.seat("ana")
    campus.seat("ben", run=OTHER)
    campus.pull()
    assert not any("Other" in path for path in campus.lms.paths)


def test_all_pages_are_read_and_each_is_one_transaction(campus: Campus) -> None:
    number = 2 * ENROLLMENTS_ON_A_PAGE + 10
    emails = campus.crowd(number)
    for each in range(number):
        campus.lms.grades[f"p{each}", RUN] = Grade(each / number)
    campus.pull()
    assert campus.lms.calls["enrollments"] == 3
    found = rows(campus.database)
    grades = {found[ACME, email, RUN]["current_grade"] for email in emails}
    assert len(grades) == number
    with statements_of(campus.database) as sent:
        campus.pull(2)
    upserts = [each for each in sent if "INSERT INTO lms_progress" in each]
    assert len(upserts) == campus.lms.calls["enrollments"] - 3 + campus.lms.calls["grades"] // 2


def test_a_pull_that_was_stopped_goes_on_at_its_page(campus: Campus) -> None:
    campus.crowd(2 * ENROLLMENTS_ON_A_PAGE + 10)
    campus.lms.script(Trouble(on="enrollments", seconds=0), Trouble(on="enrollments", seconds=0))
    campus.lms.script(Trouble(on="enrollments", status=503), times=2)
    assert campus.pull(1).is_away
    asked = campus.lms.calls["enrollments"]
    assert campus.pull(2).runs == 1
    assert campus.lms.calls["enrollments"] - asked == 1
    assert len({each["source"] for each in rows(campus.database).values()}) == 1


def test_what_a_killed_worker_had_is_left_until_its_lease_ends(campus: Campus) -> None:
    enroll(campus.database, ANA)
    campus.seat("ana")

    class Killed(BaseException):
        pass

    class Dying(OpenEdxLists):
        def grades(self, courserun_key: str, cursor: str | None) -> FactPage:
            raise Killed

    access = LmsAccess(campus.url, CLIENT_ID, SecretStr(CLIENT_SECRET))
    with clock.frozen_at(after(1)), pytest.raises(Killed):
        Pull(campus.database, Dying(access, 100), EVERY).run()
    assert campus.pull(1).is_busy
    before = campus.lms.calls["enrollments"]
    assert campus.pull(1.1).runs == 1
    assert campus.lms.calls["enrollments"] == before


def test_a_run_without_news_is_asked_for_ever_more_rarely(campus: Campus) -> None:
    enroll(campus.database, ANA)
    campus.seat("ana")
    pulled = [hour for hour in range(1, 40) if campus.pull(hour).runs]
    assert pulled == [1, 2, 4, 8, 16, 32]
    assert campus.pull(39.5, all_runs=True).runs == 1
    campus.lms.grades["ana", RUN] = Grade(0.5)
    assert campus.pull(70).runs == campus.pull(71).runs == 1


def test_a_run_that_the_lms_refuses_keeps_no_other_waiting(campus: Campus) -> None:
    enroll(campus.database, ANA, run=OTHER)
    enroll(campus.database, ANA)
    campus.seat("ana")
    campus.lms.unknown_courses = {OTHER}
    pulled = campus.pull()
    assert (pulled.runs, pulled.refused) == (1, 1)
    assert campus.pull(1.5).refused == 0
    assert campus.pull(2).refused == 1


def test_accounts_are_looked_up_and_renamed_ones_found_again(campus: Campus) -> None:
    enroll(campus.database, ANA, CYD)
    campus.seat("ana")
    campus.lms.accounts[CYD] = "cyd"
    campus.seat("cyd")
    assert campus.pull(1).accounts == 1
    assert told(campus.database, "learner").count("learner.linked") == 3
    del campus.lms.enrollments["ana", RUN]
    campus.lms.accounts[ANA] = "ana2"
    campus.lms.account_ids["ana2"] = 501
    campus.seat("ana2")
    campus.lms.grades["ana2", RUN] = Grade(0.7)
    campus.pull(3)
    campus.pull(5)
    with campus.database.transaction() as session:
        assert find_learners(session, ACME, [ANA])[ANA].username == "ana2"
    assert row(campus.database, ANA)["current_grade"] == 0.7


def test_no_more_requests_a_minute_than_allowed(campus: Campus) -> None:
    campus.crowd(4 * ENROLLMENTS_ON_A_PAGE)
    campus.pull(per_minute=3)
    assert campus.lms.calls["enrollments"] + campus.lms.calls["grades"] == 6
    assert len([pause for pause in campus.pauses if pause > 50]) == 3


def test_a_page_that_names_itself_as_the_next_ends_the_pull_of_the_run(campus: Campus) -> None:
    enroll(campus.database, ANA)
    body = '{"next": "http://x/?cursor=cD0w", "previous": null, "results": []}'
    campus.lms.script(Trouble(on="enrollments", body=body), times=2)
    assert campus.pull().refused == 1
    body = '{"next": "http://x/?page=2", "previous": null, "results": []}'
    campus.lms.script(Trouble(on="enrollments", body=body))
    assert campus.pull(3).refused == 1


@pytest.mark.parametrize("body", ["<html>", "[]", '{"results": [{"user": 1}]}', ""])
def test_an_answer_that_is_none_is_trouble(campus: Campus, body: str) -> None:
    campus.lms.script(Trouble(on="enrollments", body=body), times=2)
    reader = campus.reader()
    with pytest.raises(LmsUnavailable):
        reader.enrollments(RUN, None)
    reader.close()


def test_no_transaction_is_open_while_the_lms_is_asked(campus: Campus) -> None:
    enroll(campus.database, ANA)
    campus.seat("ana")
    seen: list[int] = []
    answer = campus.lms.answer

    def noting(request: object) -> object:
        seen.append(campus.database.connections_in_use(write=True))
        return answer(request)  # type: ignore[arg-type]

    campus.lms.answer = noting  # type: ignore[assignment, method-assign]
    campus.pull()
    assert seen == [0] * len(seen) != []


def test_the_counts_are_named() -> None:
    assert list(counts_of(Pulled()).values()) == [0] * 7
