"""The work of a bulk enrolment: chunk after chunk, by all workers, with others' work in between.

A job has a few lanes. Whoever records a chunk enqueues the next one of its lane in the same
transaction, so that a large job never fills the queue.
"""

from functools import lru_cache
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar import clock
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.enrollment.bulk import enrolling, queries, service
from bursar.enrollment.bulk.enrolling import Enrolled, Enroller, Job, Silent
from bursar.enrollment.bulk.pending import PENDING
from bursar.enrollment.bulk.rules import (
    LANES,
    JobState,
    chunks_of,
    next_chunks,
    numbers_of,
    pair_at,
)
from bursar.enrollment.gateway import LmsGateway, LmsUnavailable, gateway_for
from bursar.enrollment.patience import patiently
from bursar.jobs import context, steps
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow
from bursar.settings import Settings, get_settings


def enqueue_job(queue: JobQueue, session: Session, job_uuid: UUID) -> None:
    """In the transaction that creates it."""
    _enqueue_chunk(queue, session, job_uuid, 0)


def _enqueue_chunk(queue: JobQueue, session: Session, job_uuid: UUID, number: int) -> None:
    key = f"{CHUNK.name}:{job_uuid}:{number}"
    queue.enqueue(session, CHUNK.name, str(job_uuid), number, key=key)


@lru_cache(maxsize=1)
def _queue_of(database: Database) -> JobQueue:
    return JobQueue(database)


def _chunk(job: str, number: int, attempt: int = 0) -> None:
    if number == 0:
        steps.run("begin", _begin, job)
    try:
        lost = patiently(CHUNK.name, "enrol", _enroll, job, number, attempt=attempt)
    except LmsUnavailable as unavailable:
        lost = steps.run("give up", _give_up, job, number, str(unavailable))
    if lost:
        steps.run("have it given back", _enqueue_give_back, job, number)


def _begin(job_uuid: str) -> None:
    database = context.database()
    with database.transaction() as session:
        job = queries.get_job(session, UUID(job_uuid))
        if service.start(session, job, clock.now()):
            for number in range(1, min(LANES, chunks_of(job.total, job.chunk_size))):
                _enqueue_chunk(_queue_of(database), session, job.uuid, number)


def _enroll(job_uuid: str, number: int) -> int:
    settings = get_settings()
    return do_chunk(context.database(), settings, gateway_for(settings), UUID(job_uuid), number)


def _give_up(job_uuid: str, number: int, reason: str) -> int:
    return do_chunk(context.database(), get_settings(), Silent(reason), UUID(job_uuid), number)


def do_chunk(
    database: Database, settings: Settings, lms: Enroller, job_uuid: UUID, number: int
) -> int:
    """Once, however often it is called. How many pairs the LMS enrolled for nothing, because
    their licenses were revoked meanwhile. Raises LmsUnavailable."""
    with database.read() as connection, Session(connection) as session:
        row = queries.get_job(session, job_uuid)
        is_done = queries.is_done(session, job_uuid, number)
    numbers = numbers_of(row.total, row.chunk_size, number)
    if not is_done:
        pairs = [pair_at(row.emails, row.course_run_keys, each) for each in numbers]
        job = Job.of(row, settings.lms_public_url)
        _record(database, row, number, job, enrolling.enroll(database, lms, job, pairs))
    with database.read() as connection, Session(connection) as session:
        return len(queries.lost_pairs(session, job_uuid, numbers))


def _record(database: Database, row: AnyRow, number: int, job: Job, enrolled: Enrolled) -> None:
    now = clock.now()
    with database.transaction() as session:
        if not service.claim_chunk(session, job.uuid, number, now):
            return
        decisions = enrolling.record(session, job, enrolled, now)
        if number + LANES < chunks_of(row.total, row.chunk_size):
            _enqueue_chunk(_queue_of(database), session, job.uuid, number + LANES)
        service.add_rows(session, row, decisions, now)


def _enqueue_give_back(job_uuid: str, number: int) -> None:
    database = context.database()
    with database.transaction() as session:
        key = f"{GIVE_BACK.name}:{job_uuid}:{number}"
        _queue_of(database).enqueue(session, GIVE_BACK.name, job_uuid, number, key=key)


def _give_back(job: str, number: int, attempt: int = 0) -> None:
    patiently(GIVE_BACK.name, "give back", _give_back_in_step, job, number, attempt=attempt)


def _give_back_in_step(job_uuid: str, number: int) -> None:
    give_back_lost(context.database(), gateway_for(get_settings()), UUID(job_uuid), number)


def give_back_lost(database: Database, lms: LmsGateway, job_uuid: UUID, number: int) -> None:
    """What `do_chunk` counted. Safe to repeat. Raises LmsUnavailable."""
    with database.read() as connection, Session(connection) as session:
        row = queries.get_job(session, job_uuid)
        numbers = numbers_of(row.total, row.chunk_size, number)
        lost = queries.lost_pairs(session, row.uuid, numbers)
    enrolling.give_back(database, lms, row.enterprise_uuid, lost)


def continue_jobs(database: Database) -> int:
    """Chunks whose workflow failed or was given up are enqueued again; others are as they were.
    How many jobs are under way."""
    with database.transaction() as session:
        jobs = queries.unfinished_jobs(session)
        for job in jobs:
            done = queries.done_chunks(session, job.uuid)
            lanes = 1 if job.state == JobState.QUEUED else LANES
            for number in next_chunks(chunks_of(job.total, job.chunk_size), lanes, done):
                _enqueue_chunk(_queue_of(database), session, job.uuid, number)
    return len(jobs)


CHUNK: Final = Workflow("bulk_enrollment.chunk", _chunk)
GIVE_BACK: Final = Workflow("bulk_enrollment.give_back", _give_back)
WORKFLOWS: Final = (CHUNK, GIVE_BACK, PENDING)
