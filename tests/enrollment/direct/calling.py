"""Wishes of a client, and the work on them, done without a worker."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.enrollment.checks import check_enrollments
from bursar.enrollment.direct import queries
from bursar.enrollment.direct.checks import check_direct_enrollments
from bursar.enrollment.direct.commands import Answered, RequestEnrollments, Wish
from bursar.enrollment.direct.jobs import queue_again
from bursar.enrollment.direct.models import DirectEnrollment
from bursar.enrollment.direct.service import request_enrollments
from bursar.enrollment.direct.working import Working, work_on
from bursar.enrollment.gateway import LmsEnrollment, LmsOutcome
from bursar.enrollment.models import Enrollment
from bursar.events.models import EventRecord
from bursar.jobs.queue import JobQueue
from bursar.learners.models import Learner
from testing.jobs import jobs
from testing.worlds.bulk_enrollment import ACME, ACTOR, OPEN, Lms

LMS_URL = "https://lms.example"


class LmsWithoutAccounts(Lms):
    """It knows nobody until it is told."""

    def __init__(self, *known: str) -> None:
        super().__init__()
        self.known = set(known)

    def enroll(self, seats: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        super().enroll(seats)
        return [
            LmsOutcome() if seat.email in self.known else LmsOutcome("none", needs_account=True)
            for seat in seats
        ]


def wish(email: str | None = None, run: str = OPEN, **fields: Any) -> Wish:
    return Wish(run, email, **fields)


def leave(email: str, run: str = OPEN) -> Wish:
    return wish(email, run, is_active=False)


def ask(database: Database, *wishes: Wish, asks_lms: bool = False) -> list[Answered]:
    with database.transaction() as session:
        command = RequestEnrollments(ACME, wishes)
        return request_enrollments(session, ACTOR, command, asks_lms=asks_lms)


def told(database: Database, *wishes: Wish, asks_lms: bool = False) -> list[str]:
    return [each.outcome.value for each in ask(database, *wishes, asks_lms=asks_lms)]


def work(database: Database, lms: Lms | None = None, size: int = 1_000) -> int:
    """Until nothing is left. Each batch must have a job; answers how many wishes were worked on."""
    lms, total = lms or Lms(), 0
    working = Working(database, lms, queue_again(JobQueue(database)), LMS_URL)
    while batches := queued(database):
        for batch_uuid in batches:
            assert f"direct_enrollments.work:{batch_uuid}" in jobs(database)
            while number := work_on(working, batch_uuid, size):
                total += number
    assert_sound(database)
    return total


def queued(database: Database) -> list[Any]:
    with database.transaction() as session:
        return list(queries.unfinished_batches(session))


def assert_sound(database: Database) -> None:
    with database.transaction() as session:
        assert list(check_enrollments(session)) == []
        assert list(check_direct_enrollments(session)) == []


def wishes(database: Database) -> dict[tuple[str, str], AnyRow]:
    statement = select(Learner.email, DirectEnrollment.__table__).join(
        DirectEnrollment, DirectEnrollment.learner_id == Learner.id
    )
    with database.read() as connection:
        rows = connection.execute(statement).all()
    return {(row.email, row.courserun_key): row for row in rows}


def states(database: Database) -> dict[str, tuple[bool, str]]:
    """By e-mail, of wishes for the open run."""
    return {
        email: (row.is_active, row.state)
        for (email, run), row in wishes(database).items()
        if run == OPEN
    }


def seats(database: Database, *, ended: bool = False) -> list[tuple[str, str, str, str]]:
    """E-mail, run, payer and mode."""
    statement = (
        select(Learner.email, Enrollment.courserun_key, Enrollment.payer, Enrollment.mode)
        .join(Enrollment, Enrollment.learner_id == Learner.id)
        .where(Enrollment.unenrolled_at.is_not(None) == ended)
        .order_by(Learner.email, Enrollment.courserun_key)
    )
    with database.read() as connection:
        return [(row[0], row[1], row[2], row[3]) for row in connection.execute(statement)]


def events(database: Database, kind: str) -> int:
    statement = select(func.count()).where(EventRecord.type == kind)
    with database.read() as connection:
        return int(connection.scalar(statement) or 0)
