"""What an LMS says ends up in the enrollments, whenever it comes and however often."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from bursar.database.engine import Database
from bursar.enrollment.commands import Payer, ReportSource
from bursar.enrollment.progress.lms_facts import EnrollmentFact, GradeFact, LmsFact, ResultFact
from bursar.enrollment.progress.lms_taking import Taken, take_facts
from testing.databases.statements import statements_of
from testing.worlds.progress import (
    ACME,
    ACTOR,
    ANA,
    BEN,
    CYD,
    GLOBEX,
    NOW,
    RUN,
    after,
    build,
    enroll,
    row,
    rows,
    told,
)


def take(
    database: Database,
    *facts: LmsFact,
    source: ReportSource = ReportSource.PUSH,
    of: UUID | None = None,
) -> Taken:
    with database.transaction() as session:
        return take_facts(session, ACTOR, facts, source=source, enterprise_uuid=of, at=after(50))


def began(hours: float, *, username: str = "ana", mode: str = "audit") -> LmsFact:
    said = EnrollmentFact(is_active=True, mode=mode, enrolled_on=date(2026, 3, 9))
    return LmsFact(RUN, after(hours), username=username, enrollment=said)


def ended(hours: float, *, username: str = "ana", mode: str = "audit") -> LmsFact:
    said = EnrollmentFact(is_active=False, mode=mode, enrolled_on=date(2026, 3, 9))
    return LmsFact(RUN, after(hours), username=username, enrollment=said)


def graded(hours: float, percent: float, letter: str | None = None) -> LmsFact:
    return LmsFact(RUN, after(hours), lms_user_id=501, grade=GradeFact(percent, letter))


def result(hours: float, *, is_passing: bool) -> LmsFact:
    at = after(hours)
    return LmsFact(RUN, at, email=ANA, result=ResultFact(is_passing, at))


def test_progress_of_a_seat_that_bursar_pays_for(acme: Database) -> None:
    enroll(acme, ANA)
    said = [graded(1, 0.5), graded(2, 0.8, "B"), result(2, is_passing=True)]
    assert [take(acme, fact) for fact in said] == [Taken(changed=1)] * 3
    found = row(acme, ANA)
    assert (found["current_grade"], found["letter_grade"]) == (0.8, "B")
    assert (found["has_passed"], found["passed_date"]) == (True, date(2026, 3, 10))
    assert (found["payer"], found["source"]) == (Payer.LICENSE, "push")
    assert told(acme) == [
        "enrollment.created",
        "enrollment.progressed",
        "enrollment.progressed",
        "enrollment.passed",
    ]


def test_what_comes_again_changes_nothing_and_is_not_told(acme: Database) -> None:
    enroll(acme, ANA)
    facts = [began(1, mode="verified"), graded(1, 0.5), result(2, is_passing=True)]
    take(acme, *facts)
    before, events = rows(acme), told(acme)
    assert take(acme, *facts) == take(acme, *reversed(facts)) == Taken()
    assert (rows(acme), told(acme)) == (before, events)


def test_an_older_fact_never_overwrites_a_newer_one(acme: Database) -> None:
    enroll(acme, ANA)
    take(acme, graded(5, 0.9, "A"), result(5, is_passing=False))
    assert take(acme, graded(4, 0.1)) == Taken()
    take(acme, result(3, is_passing=True))
    found = row(acme, ANA)
    assert (found["current_grade"], found["has_passed"], found["passed_date"]) == (0.9, False, None)


def test_a_pass_that_was_seen_late_is_dated_when_it_was(acme: Database) -> None:
    enroll(acme, ANA)
    take(acme, result(40, is_passing=True), source=ReportSource.PULL)
    assert row(acme, ANA)["passed_date"] == date(2026, 3, 12)
    take(acme, result(20, is_passing=True))
    assert row(acme, ANA)["passed_date"] == date(2026, 3, 11)


def test_an_enrollment_that_bursar_has_not_made(acme: Database) -> None:
    assert take(acme, began(1)) == Taken(created=1)
    found = row(acme, ANA)
    assert (found["payer"], found["mode"]) == (Payer.REPORTED, "audit")
    assert found["enrolled_at"].date() == date(2026, 3, 9)
    take(acme, ended(30))
    assert row(acme, ANA)["unenrolled_at"].date() == date(2026, 3, 11)
    take(acme, began(31))
    assert row(acme, ANA)["unenrolled_at"] is None
    assert told(acme) == ["enrollment.created", "enrollment.ended", "enrollment.created"]


def test_a_grade_before_the_enrollment_is_kept(acme: Database) -> None:
    take(acme, graded(2, 0.4))
    assert row(acme, ANA)["mode"] == "audit"
    take(acme, began(1, mode="honor"))
    found = row(acme, ANA)
    assert (found["current_grade"], found["mode"]) == (0.4, "honor")


def test_people_and_runs_that_nobody_knows_are_counted(acme: Database) -> None:
    stranger = began(1, username="zoe")
    elsewhere = LmsFact("course-v1:edX+Other+1", NOW, email=ANA, grade=GradeFact(0.5))
    assert take(acme, stranger, elsewhere, began(1)) == Taken(
        created=1, unknown_people=1, unknown_runs=1
    )
    assert list(rows(acme)) == [(ACME, ANA, RUN)]


def test_a_run_in_no_catalog_is_known_to_who_is_enrolled_in_it(acme: Database) -> None:
    run = "course-v1:edX+Other+1"
    enroll(acme, BEN, run=run)
    assert take(acme, LmsFact(run, NOW, lms_user_id=502, grade=GradeFact(0.5))).changed == 1


def test_an_end_of_a_seat_that_bursar_pays_for_stays(acme: Database) -> None:
    enroll(acme, ANA)
    take(acme, ended(30, mode="verified"))
    assert row(acme, ANA)["unenrolled_at"].date() == date(2026, 3, 11)
    take(acme, began(40, mode="verified"))
    assert row(acme, ANA)["unenrolled_at"].date() == date(2026, 3, 11)
    # An end that the LMS told late was before the one that is known.
    take(acme, ended(2, mode="verified"))
    assert row(acme, ANA)["unenrolled_at"].date() == date(2026, 3, 10)


def test_an_end_before_bursar_enrolled_is_of_an_earlier_enrollment(acme: Database) -> None:
    enroll(acme, ANA, at=after(3))
    take(acme, ended(2))
    assert row(acme, ANA)["unenrolled_at"] is None


def test_an_end_is_one_of_the_enrollment_that_there_is(acme: Database) -> None:
    """After Bursar has taken up an enrollment that had ended, it can end again."""
    enroll(acme, ANA)
    take(acme, ended(2))
    enroll(acme, ANA, at=after(10))
    assert row(acme, ANA)["unenrolled_at"] is None
    take(acme, ended(40))
    assert row(acme, ANA)["unenrolled_at"].date() == date(2026, 3, 12)


def test_another_enterprise_hears_nothing_of_a_seat(acme: Database) -> None:
    with acme.transaction() as session:
        build(session, GLOBEX)
    enroll(acme, ANA)
    assert take(acme, graded(1, 0.5)) == Taken(changed=1)
    assert list(rows(acme)) == [(ACME, ANA, RUN)]
    # What nobody has made is both's, because both know the learner and have the run.
    assert take(acme, began(1, username="ben")) == Taken(created=2)


def test_a_push_of_one_enterprise_is_about_its_learners_only(acme: Database) -> None:
    with acme.transaction() as session:
        build(session, GLOBEX)
    enroll(acme, ANA)
    assert take(acme, graded(1, 0.5), of=GLOBEX) == Taken(created=1)
    assert row(acme, ANA)["current_grade"] is None
    assert row(acme, ANA, of=GLOBEX)["current_grade"] == 0.5


def test_an_account_counts_before_an_address(acme: Database) -> None:
    enroll(acme, ANA, CYD)
    renamed = LmsFact(RUN, NOW, lms_user_id=501, email=CYD, username="x", grade=GradeFact(0.5))
    take(acme, renamed)
    assert (row(acme, ANA)["current_grade"], row(acme, CYD)["current_grade"]) == (0.5, None)


def test_a_page_takes_as_many_statements_as_a_fact(acme: Database) -> None:
    enroll(acme, ANA, BEN, CYD)

    def facts(people: Sequence[str], hours: float) -> list[LmsFact]:
        said = GradeFact(hours / 100)
        return [LmsFact(RUN, after(hours), email=email, grade=said) for email in people]

    take(acme, *facts([ANA, BEN, CYD], 1))
    with statements_of(acme) as one:
        take(acme, *facts([ANA], 2))
    with statements_of(acme) as many:
        take(acme, *facts([ANA, BEN, CYD], 3))
    assert len(one) == len(many) < 20
