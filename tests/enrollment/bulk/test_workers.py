"""Real workers in processes of their own: sharing a job, and killed in the middle of it."""

import random
from contextlib import ExitStack
from uuid import UUID

import pytest
from sqlalchemy import Text, cast, column, func, select, table

from bursar.database.engine import Database
from bursar.delivery.models import Delivery
from bursar.enrollment.bulk import service
from bursar.enrollment.bulk.commands import RequestBulkEnrollment
from bursar.enrollment.bulk.jobs import CHUNK, continue_jobs
from bursar.enrollment.bulk.models import BulkEnrollmentRow
from bursar.enrollment.bulk.queries import pairs_to_continue
from bursar.enrollment.bulk.rules import LANES, JobState
from bursar.jobs.names import SCHEMA
from bursar.jobs.queue import JobQueue
from bursar.jobs.runner import CONCURRENCY
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.states import LicenseStatus
from testing.jobs import jobs, worker_process
from testing.waiting import let_pass, wait_until
from testing.worlds.bulk_enrollment import (
    ACME,
    ACTOR,
    activate,
    build,
    counts,
    course,
    emails,
    enrollments,
    give,
    job_row,
    know,
    outcomes,
    plan,
    run_keys,
    stock,
)

pytestmark = pytest.mark.slow

WORKER = "tests.enrollment.bulk.worker_process"
PEOPLE, KEYS = emails(60), run_keys(10)
KNOWN = PEOPLE[:40]
PAIRS = len(PEOPLE) * len(KEYS)
KILLS = 3


@pytest.fixture
def acme(database: Database) -> Database:
    """Sixty learners with licenses, of whom forty have accounts, and ten runs."""
    with database.transaction() as session:
        build(session)
        stock(session, *(course(f"C{number}") for number in range(len(KEYS))))
        plan(session)
        know(session, KNOWN)
        give(session, PEOPLE)
    return database


def enqueue(database: Database, chunk_size: int, *, notify: bool = False) -> UUID:
    with pytest.MonkeyPatch.context() as patch, database.transaction() as session:
        patch.setattr(service, "CHUNK_SIZE", chunk_size)
        command = RequestBulkEnrollment(ACME, PEOPLE, KEYS, notify)
        return service.request_bulk_enrollment(session, ACTOR, command, has_lms=False)


def done_pairs(database: Database, job: UUID) -> int:
    statement = select(func.count()).where(BulkEnrollmentRow.job_uuid == job)
    with database.read() as connection:
        return connection.scalar(statement) or 0


def await_more(database: Database, job: UUID, seen: int) -> None:
    wait_until(lambda: done_pairs(database, job) > seen, "some more were done")


def is_done(database: Database, job: UUID) -> bool:
    with database.transaction() as session:
        return bool(job_row(session, job).state == JobState.DONE)


def await_end(database: Database, job: UUID) -> None:
    wait_until(lambda: is_done(database, job), "every pair was done")


def assert_complete(database: Database, job: UUID) -> None:
    assert counts(database, job) == ("done", 400, 200, 0)
    assert len(outcomes(database, job)) == PAIRS
    assert enrollments(database) == [(email, key) for email in sorted(KNOWN) for key in KEYS]
    activated = select(func.count()).where(License.status == LicenseStatus.ACTIVATED.value)
    with database.read() as connection:
        assert connection.scalar(activated) == len(KNOWN)
        mails = select(func.count(), func.sum(func.length(cast(Delivery.context, Text)))).group_by(
            Delivery.recipient
        )
        assert len(connection.execute(mails).all()) == len(KNOWN)
        titles = [
            course["title"]
            for context in connection.scalars(select(Delivery.context))
            for course in context["courses"]
        ]
        assert len(titles) == len(KNOWN) * len(KEYS)


def test_workers_killed_again_and_again_do_every_pair_once(
    database_url: str, acme: Database
) -> None:
    moments = random.Random(0)
    job = enqueue(acme, 5, notify=True)
    seen = 0
    for _ in range(KILLS):
        with worker_process(WORKER, database_url) as worker:
            await_more(acme, job, seen)
            let_pass(moments.uniform(0, 0.4))
            worker.kill()
            worker.wait()
        seen = done_pairs(acme, job)
        if seen == PAIRS:
            break
    with worker_process(WORKER, database_url) as last:
        await_end(acme, job)
        last.terminate()
        assert last.wait(20) == 0
    assert_complete(acme, job)


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_several_workers_share_a_job_and_finish_what_a_killed_one_began(
    database_url: str, acme: Database
) -> None:
    job = enqueue(acme, 5, notify=True)
    with ExitStack() as stack:
        workers = [stack.enter_context(worker_process(WORKER, database_url)) for _ in range(3)]
        wait_until(lambda: len(executors(acme)) == 3, "all of them take part")
        workers[0].kill()
        await_end(acme, job)
    assert_complete(acme, job)


def executors(database: Database) -> set[str]:
    status = table("workflow_status", column("executor_id"), column("name"), schema=SCHEMA)
    statement = select(status.c.executor_id).where(
        status.c.name == CHUNK, status.c.executor_id.is_not(None)
    )
    with database.read() as connection:
        return set(connection.scalars(statement.distinct()))


def test_a_large_job_never_fills_the_queue(acme: Database, database_url: str) -> None:
    job = enqueue(acme, 5)
    assert list(jobs(acme)) == [f"{CHUNK}:{job}:0"]
    with worker_process(WORKER, database_url):
        wait_until(lambda: done_pairs(acme, job) > 0, "some were done")
        waiting = [status for status in jobs(acme).values() if status in {"ENQUEUED", "PENDING"}]
        # A chunk that is done enqueues the next one of its lane a moment before its job has ended,
        # and a scheduled job may come between.
        assert len(waiting) <= LANES + CONCURRENCY + 1
        await_end(acme, job)


def test_pairs_that_wait_are_enrolled_by_a_worker_when_their_license_is_activated(
    acme: Database, database_url: str
) -> None:
    job = enqueue(acme, 1_000)
    with worker_process(WORKER, database_url):
        await_end(acme, job)
        for people in (PEOPLE[40:41], PEOPLE[41:]):
            activate(acme, people)
            wait_until(lambda: nobody_waits(acme), "nobody waits whose license is active")
    assert counts(acme, job) == ("done", PAIRS, 0, 0)
    assert len(enrollments(acme)) == PAIRS


def nobody_waits(database: Database) -> bool:
    with database.transaction() as session:
        return not pairs_to_continue(session, (UUID(int=0), -1), 1)


def test_a_license_that_nothing_waits_for_makes_no_job(acme: Database) -> None:
    activate(acme, PEOPLE[:1])
    assert jobs(acme) == {}


def test_a_job_whose_chunks_were_given_up_goes_on(acme: Database, database_url: str) -> None:
    job = enqueue(acme, 100)
    status = table("workflow_status", column("status"), schema=None if acme.is_sqlite else SCHEMA)
    with acme.transaction() as session:
        session.execute(status.update().values(status="MAX_RECOVERY_ATTEMPTS_EXCEEDED"))
    queue = JobQueue(acme)
    assert continue_jobs(acme, queue) == 1
    assert continue_jobs(acme, queue) == 1
    assert sorted(jobs(acme)) == [f"{CHUNK}:{job}:0", f"{CHUNK}:{job}:0#2"]
    with worker_process(WORKER, database_url):
        await_end(acme, job)
    assert continue_jobs(acme, queue) == 0
