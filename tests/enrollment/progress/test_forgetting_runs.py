"""How far runs were pulled is forgotten when nobody is enrolled in them any more."""

from datetime import timedelta

from sqlalchemy import select, update

from bursar import clock
from bursar.database.engine import Database
from bursar.enrollment.models import Enrollment
from bursar.enrollment.progress.forgetting import forget_pulled_runs
from bursar.enrollment.progress.models import LmsRun
from bursar.enrollment.progress.pulled_runs import claim_run, find_runs
from bursar.retention.service import forget_old
from bursar.settings import Settings
from testing.worlds.progress import ANA, NOW, RUN, enroll

OTHER = "course-v1:edX+Other+1"
MONTH = timedelta(days=31)


def end_seats(database: Database, run: str) -> None:
    with database.transaction() as session:
        ended = update(Enrollment).where(Enrollment.courserun_key == run)
        session.execute(ended.values(unenrolled_at=NOW))


def runs(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.scalars(select(LmsRun.courserun_key)))


def begin(database: Database) -> None:
    enroll(database, ANA)
    enroll(database, ANA, run=OTHER)
    with database.transaction() as session:
        find_runs(session, NOW)


def test_a_run_in_which_nobody_is_enrolled_is_forgotten_after_a_month(acme: Database) -> None:
    begin(acme)
    end_seats(acme, OTHER)
    assert forget_pulled_runs(acme, NOW + timedelta(days=29)) == 0
    assert forget_pulled_runs(acme, NOW + MONTH) == 1
    assert runs(acme) == {RUN}


def test_a_run_that_is_being_pulled_stays(acme: Database) -> None:
    begin(acme)
    with acme.transaction() as session:
        assert claim_run(session, NOW + MONTH) is not None
    end_seats(acme, OTHER)
    end_seats(acme, RUN)
    assert forget_pulled_runs(acme, NOW + MONTH) == 1
    assert forget_pulled_runs(acme, NOW + MONTH + timedelta(hours=1)) == 1
    assert runs(acme) == set()


def test_whoever_is_enrolled_later_begins_anew(acme: Database) -> None:
    begin(acme)
    end_seats(acme, OTHER)
    with clock.frozen_at(NOW + MONTH):
        assert forget_old(acme, Settings())["pulled course runs"] == 1
    with acme.transaction() as session:
        again = update(Enrollment).where(Enrollment.courserun_key == OTHER)
        session.execute(again.values(unenrolled_at=None))
        find_runs(session, NOW + MONTH)
    assert runs(acme) == {RUN, OTHER}
