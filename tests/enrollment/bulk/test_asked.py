"""What comes of a pair when a worker ends between the LMS's answer and the record of it."""

from collections.abc import Callable, Sequence
from uuid import UUID

import pytest
from sqlalchemy import func, select

from bursar.database.engine import Database
from bursar.enrollment.bulk.enrolling import UnansweringLms
from bursar.enrollment.bulk.jobs import give_back_lost
from bursar.enrollment.bulk.models import BulkEnrollmentAsked
from bursar.enrollment.gateway import LmsEnrollment, LmsOutcome, LmsUnavailable
from testing.worlds.bulk_enrollment import (
    ANA,
    OPEN,
    Lms,
    activate,
    build,
    counts,
    create,
    do_chunk,
    enrollments,
    give,
    know,
    outcomes,
    plan,
    revoke,
    settle_pending,
)

BEN = "ben@acme.example"


class Died(BaseException):
    """Instead of a signal: nothing that follows is done."""


class LastWords(Lms):
    """It enrolls, and whoever asked does not live to hear of it."""

    def __init__(self, end: Callable[[], BaseException]) -> None:
        super().__init__()
        self._end = end

    def enroll(self, seats: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        super().enroll(seats)
        raise self._end()


@pytest.fixture
def acme(database: Database) -> Database:
    """Ana and Ben have licenses."""
    with database.transaction() as session:
        build(session)
        plan(session)
        know(session, [ANA, BEN])
        give(session, [ANA, BEN])
    return database


def interrupted(database: Database, end: Callable[[], BaseException] = Died) -> UUID:
    with database.transaction() as session:
        job = create(session, [ANA, BEN], [OPEN])
    with pytest.raises(type(end())):
        do_chunk(database, job, 0, LastWords(end))
    assert notes(database) == 2
    return job


def notes(database: Database) -> int:
    with database.read() as connection:
        statement = select(func.count()).select_from(BulkEnrollmentAsked)
        return connection.scalar(statement) or 0


def ended(database: Database, job: UUID) -> list[str]:
    lms = Lms()
    give_back_lost(database, lms, job, 0)
    return [seat.email for seat in lms.ended]


def unavailable() -> LmsUnavailable:
    return LmsUnavailable("away")


@pytest.mark.parametrize("end", [Died, unavailable])
def test_the_next_worker_does_it_and_forgets_the_notes(
    acme: Database, end: Callable[[], BaseException]
) -> None:
    job = interrupted(acme, end)
    assert do_chunk(acme, job, 0, Lms()) == 0
    assert counts(acme, job) == ("done", 2, 0, 0)
    assert notes(acme) == 0


@pytest.mark.parametrize("end", [Died, unavailable])
def test_a_license_revoked_meanwhile_has_the_seat_given_back(
    acme: Database, end: Callable[[], BaseException]
) -> None:
    job = interrupted(acme, end)
    revoke(acme, [ANA])
    assert do_chunk(acme, job, 0, Lms()) == 1
    assert outcomes(acme, job)[ANA, OPEN] == ("failed", "missing subscription")
    assert enrollments(acme) == [(BEN, OPEN)]
    assert (ended(acme, job), notes(acme)) == ([ANA], 0)


def test_what_was_never_asked_for_is_not_given_back(acme: Database) -> None:
    revoke(acme, [ANA])
    with acme.transaction() as session:
        job = create(session, [ANA, BEN], [OPEN])
    assert do_chunk(acme, job, 0, Lms()) == 0
    assert ended(acme, job) == []


def test_what_an_lms_may_have_done_before_it_was_given_up_is_given_back(acme: Database) -> None:
    job = interrupted(acme, unavailable)
    assert do_chunk(acme, job, 0, UnansweringLms("the LMS did not answer")) == 2
    assert counts(acme, job) == ("done", 0, 0, 2)
    assert (sorted(ended(acme, job)), notes(acme)) == ([ANA, BEN], 0)


def test_a_pair_that_waited_is_given_back_too(acme: Database) -> None:
    new = "new@acme.example"
    with acme.transaction() as session:
        give(session, [new])
        job = create(session, [new], [OPEN])
    do_chunk(acme, job, 0, Lms())
    activate(acme, [new])
    with pytest.raises(Died):
        settle_pending(acme, LastWords(Died))
    revoke(acme, [new])
    assert settle_pending(acme, Lms()) == 1
    assert (ended(acme, job), notes(acme)) == ([new], 0)
