"""The background work of a bulk enrollment, which all workers share chunk by chunk.

The chunks of a job form a few lanes. The transaction that records a chunk enqueues the next chunk
of its lane, so that a large job never fills the queue and other work is not delayed.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.enrollment.bulk import asked, chunks, enrolling, queries
from bursar.enrollment.bulk.enrolling import (
    GIVE_BACK,
    EnrolledPairs,
    Enroller,
    Job,
    UnansweringLms,
)
from bursar.enrollment.bulk.events import BulkEnrollmentRequested
from bursar.enrollment.bulk.models import BulkEnrollmentJob
from bursar.enrollment.bulk.pending import PENDING, enroll_pending, have_lost_given_back
from bursar.enrollment.bulk.rules import (
    LANES,
    JobState,
    chunks_of,
    next_chunks,
    numbers_of,
    pair_at,
)
from bursar.enrollment.gateway import LmsGateway, LmsUnavailable, require_answers
from bursar.enrollment.patience import patiently
from bursar.identity.clocks import in_time_of
from bursar.jobs import steps
from bursar.jobs.context import JobContext
from bursar.jobs.names import MANY_QUEUE
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow

CHUNK: Final = "bulk_enrollment.chunk"
STEP_THAT_ENROLLS: Final = "enrol"
"""DBOS stores the name of a step and compares it when it resumes a job, so the name must not change
and keeps its old spelling."""


def workflows(gateway: LmsGateway) -> tuple[Workflow, ...]:
    """The workflows of a worker that uses this LMS."""
    work = _Work(gateway)
    return (
        Workflow(CHUNK, work.do_chunk),
        Workflow(GIVE_BACK, work.give_back),
        Workflow(PENDING, work.enroll_pending),
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """The functions of the workflows, with what they need of the composition."""

    gateway: LmsGateway

    def do_chunk(
        self, context: JobContext, job: str, number: int, attempt: int = 0, unsure: bool = False
    ) -> None:
        job_uuid = UUID(job)

        def enroll_with(lms: Enroller) -> int:
            return do_chunk(context.database, context.queue, lms, job_uuid, number)

        with _in_time_of(context, job_uuid):
            if number == 0:
                steps.run(context, "begin", _begin, context, job_uuid)
            try:
                lost = patiently(
                    context,
                    CHUNK,
                    STEP_THAT_ENROLLS,
                    lambda: enroll_with(self.gateway),
                    job,
                    number,
                    attempt=attempt,
                    unsure=unsure,
                )
            except LmsUnavailable as unavailable:
                lost = steps.run(context, "give up", enroll_with, UnansweringLms(str(unavailable)))
            if lost:
                steps.run(context, "have it given back", _enqueue_give_back, context, job, number)

    def give_back(self, context: JobContext, job: str, number: int, attempt: int = 0) -> None:
        def give_back() -> None:
            give_back_lost(context.database, self.gateway, UUID(job), number)

        patiently(context, GIVE_BACK, "give back", give_back, job, number, attempt=attempt)

    def enroll_pending(self, context: JobContext, license_uuid: str | None) -> int:
        """Enrolls pending pairs. If the LMS is unavailable now, the scheduled task tries again
        later."""

        def enroll() -> int:
            only = None if license_uuid is None else UUID(license_uuid)
            return enroll_pending(context.database, context.queue, self.gateway, only)

        return steps.run(context, STEP_THAT_ENROLLS, enroll)


def _in_time_of(context: JobContext, job_uuid: UUID) -> AbstractContextManager[None]:
    of_job = select(BulkEnrollmentJob.enterprise_uuid).where(BulkEnrollmentJob.uuid == job_uuid)
    return in_time_of(context.database, of_job.scalar_subquery())


@dataclass(frozen=True, slots=True)
class EnqueueJob:
    """A subscriber that enqueues the first chunks of a requested bulk enrollment."""

    queue: JobQueue

    def __call__(
        self,
        session: Session,
        _actor: Actor,
        events: Sequence[BulkEnrollmentRequested],
        _at: datetime,
    ) -> None:
        for event in events:
            _enqueue_chunk(self.queue, session, event.data.job_id, 0)


def _enqueue_chunk(queue: JobQueue, session: Session, job_uuid: UUID, number: int) -> None:
    key = f"{CHUNK}:{job_uuid}:{number}"
    queue.enqueue(session, CHUNK, str(job_uuid), number, key=key, queue=MANY_QUEUE)


def _begin(context: JobContext, job_uuid: UUID) -> None:
    with context.database.transaction() as session:
        job = queries.get_job(session, job_uuid)
        if chunks.start(session, job, clock.now()):
            for number in range(1, min(LANES, chunks_of(job.total, job.chunk_size))):
                _enqueue_chunk(context.queue, session, job.uuid, number)


def do_chunk(
    database: Database, queue: JobQueue, lms: Enroller, job_uuid: UUID, number: int
) -> int:
    """Does what is left of a chunk, however often it is called. Raises LmsUnavailable when the LMS
    did not answer about some pairs, after the outcomes of the others were recorded.

    Returns how many pairs have to be ended in the LMS again, because their licenses were revoked in
    the meantime.
    """
    with database.read() as connection, Session(connection) as session:
        row = queries.get_job(session, job_uuid)
        numbers = numbers_of(row.total, row.chunk_size, number)
        recorded = queries.recorded_numbers(session, job_uuid, numbers)
    left = [each for each in numbers if each not in recorded]
    if left:
        pairs = [pair_at(row.emails, row.course_run_keys, each) for each in left]
        enrolled = enrolling.enroll(database, lms, Job.of(row), pairs)
        if enrolled.decisions:
            _record(database, queue, row, enrolled, number=number)
        require_answers(enrolled.unanswered)
    with database.read() as connection, Session(connection) as session:
        return len(queries.lost_pairs(session, job_uuid, numbers))


def _record(
    database: Database, queue: JobQueue, row: AnyRow, enrolled: EnrolledPairs, *, number: int
) -> None:
    now, numbers = clock.now(), numbers_of(row.total, row.chunk_size, number)
    with database.transaction() as session:
        # The claim has others wait who do the same chunk, also when it is taken back below.
        if not chunks.claim_chunk(session, row.uuid, number, now):
            asked.forget(session, row.uuid, list(numbers))
            return
        recorded = queries.recorded_numbers(session, row.uuid, numbers)
        if recorded:
            asked.forget(session, row.uuid, sorted(recorded))
        mine = {
            pair: one for pair, one in enrolled.decisions.items() if pair.number not in recorded
        }
        if len(recorded) + len(mine) < len(numbers):
            chunks.release_chunk(session, row.uuid, number)
        # The lane does not wait for the pairs about which the LMS did not answer.
        if number + LANES < chunks_of(row.total, row.chunk_size):
            _enqueue_chunk(queue, session, row.uuid, number + LANES)
        if mine:
            _record_some(session, queue, row, replace(enrolled, decisions=mine), now)


def _record_some(
    session: Session, queue: JobQueue, row: AnyRow, enrolled: EnrolledPairs, now: datetime
) -> None:
    decisions, to_notify = enrolling.record(session, Job.of(row), enrolled, now)
    if enrolled.unanswered:
        # The workflow looks for lost pairs only when no pair is left, which may take hours.
        have_lost_given_back(queue, session, row, decisions)
    chunks.add_rows(session, row, decisions, to_notify, now)


def _enqueue_give_back(context: JobContext, job_uuid: str, number: int) -> None:
    with context.database.transaction() as session:
        key = f"{GIVE_BACK}:{job_uuid}:{number}"
        context.queue.enqueue(session, GIVE_BACK, job_uuid, number, key=key, queue=MANY_QUEUE)


def give_back_lost(database: Database, lms: LmsGateway, job_uuid: UUID, number: int) -> None:
    """Ends the enrollments of a chunk's lost pairs, whether they were lost at once or after they
    were pending. It is safe to repeat. Raises LmsUnavailable."""
    with database.read() as connection, Session(connection) as session:
        row = queries.get_job(session, job_uuid)
        numbers = numbers_of(row.total, row.chunk_size, number)
        lost = queries.lost_pairs(session, row.uuid, numbers)
    enrolling.give_back(database, lms, row.enterprise_uuid, lost)


def continue_jobs(database: Database, queue: JobQueue) -> int:
    """Enqueues chunks whose workflow failed again, and returns how many jobs are under way."""
    with database.transaction() as session:
        jobs = queries.unfinished_jobs(session)
        for job in jobs:
            done = queries.done_chunks(session, job.uuid)
            lanes = 1 if job.state == JobState.QUEUED else LANES
            for number in next_chunks(chunks_of(job.total, job.chunk_size), lanes, done):
                _enqueue_chunk(queue, session, job.uuid, number)
    return len(jobs)
