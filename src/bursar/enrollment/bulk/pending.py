"""Pairs that wait for their learner to activate a license, and then are enrolled."""

import random
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.enrollment.bulk import asked, chunks, enrolling, queries
from bursar.enrollment.bulk.enrolling import GIVE_BACK, EnrolledPairs, Job
from bursar.enrollment.bulk.rules import Decision, Pair, PairStatus
from bursar.enrollment.gateway import LmsGateway
from bursar.enrollment.rehearsal import without_waiting
from bursar.jobs.names import MANY_QUEUE
from bursar.jobs.queue import JobQueue
from bursar.subscriptions.licenses.events import LicenseActivated

PENDING: Final = "bulk_enrollment.pending"
BATCH: Final = 1_000
NO_PAIR: Final = (UUID(int=0), -1)
"""Comes before every pair in the order of jobs and numbers."""
AWAY_AFTER: Final = 5
"""So many jobs in a row of which no pair was settled mean that the LMS is away."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class EnqueuePending:
    """A subscriber that has a worker enroll who waits for licenses that were activated.

    The task would do so as well, a little later.
    """

    queue: JobQueue

    def __call__(
        self, session: Session, _actor: Actor, events: Sequence[LicenseActivated], _at: datetime
    ) -> None:
        uuids = [event.data.uuid for event in events]
        if queries.is_awaited(session, uuids):
            only = str(uuids[0]) if len(uuids) == 1 else None
            self.queue.enqueue(session, PENDING, only)


def enroll_pending(
    database: Database,
    queue: JobQueue,
    lms: LmsGateway,
    license_uuid: UUID | None = None,
) -> int:
    """How many pairs, of one license or of all, are pending no more. What the LMS does not answer
    is left to the next time."""
    with without_waiting() if license_uuid is None else nullcontext():
        return _enroll_in_turn(database, queue, lms, license_uuid)


def _enroll_in_turn(
    database: Database, queue: JobQueue, lms: LmsGateway, license_uuid: UUID | None
) -> int:
    total, unanswered, after = 0, 0, NO_PAIR
    while True:
        with database.read() as connection, Session(connection) as session:
            rows = queries.pairs_to_continue(session, after, BATCH, license_uuid)
        if not rows:
            return total
        for job_uuid, pairs in _by_job(rows):
            settled = _settle(database, queue, lms, job_uuid, pairs)
            total += settled.number
            if not settled.is_rehearsed:
                unanswered = 0 if settled.number else unanswered + 1
            if unanswered >= AWAY_AFTER:
                _log.warning("pending pairs wait for the LMS")
                return total
        after = rows[-1].job_uuid, rows[-1].number


@dataclass(frozen=True, slots=True)
class _Settled:
    number: int
    is_rehearsed: bool
    """Whether the faults of a sandbox had a part in it, so that it does not say whether the LMS is
    away."""


def _by_job(rows: Sequence[AnyRow]) -> list[tuple[UUID, list[Pair]]]:
    """In random order, so that jobs that cannot be settled never keep the same others waiting."""
    jobs = [
        (job_uuid, [Pair(row.number, row.email, row.course_run_key) for row in some])
        for job_uuid, some in groupby(rows, key=attrgetter("job_uuid"))
    ]
    return random.sample(jobs, len(jobs))


def _settle(
    database: Database, queue: JobQueue, lms: LmsGateway, job_uuid: UUID, pairs: list[Pair]
) -> _Settled:
    with database.read() as connection, Session(connection) as session:
        row = queries.get_job(session, job_uuid)
    job = Job.of(row)
    enrolled = enrolling.enroll(database, lms, job, pairs)
    if enrolled.unanswered:
        reason, number = enrolled.unanswered[0].error, len(enrolled.unanswered)
        _log.warning(
            "pending pairs wait for the LMS", job=str(job_uuid), pairs=number, reason=reason
        )
    decisions = _record(database, queue, row, pairs, enrolled)
    number = sum(each.status is not PairStatus.PENDING for each in decisions.values())
    return _Settled(number, enrolled.is_rehearsed)


def _record(
    database: Database, queue: JobQueue, row: AnyRow, pairs: list[Pair], enrolled: EnrolledPairs
) -> Mapping[Pair, Decision]:
    """What was decided about those that were pending still."""
    job_uuid, now = row.uuid, clock.now()
    with database.transaction() as session:
        pending = queries.still_pending(session, job_uuid, [pair.number for pair in pairs])
        mine = {pair: each for pair, each in enrolled.decisions.items() if pair.number in pending}
        if others := [pair.number for pair in pairs if pair.number not in pending]:
            asked.forget(session, job_uuid, others)
        if not mine:
            return {}
        still = replace(enrolled, decisions=mine)
        decisions, to_notify = enrolling.record(session, Job.of(row), still, now)
        have_lost_given_back(queue, session, row, decisions)
        chunks.change_rows(session, row, decisions, to_notify, now)
    return decisions


def have_lost_given_back(
    queue: JobQueue, session: Session, job: AnyRow, decisions: Mapping[Pair, Decision]
) -> None:
    """Enqueues the jobs that end enrollments in the LMS that no license pays for any more."""
    lost = {
        pair.number // job.chunk_size
        for pair, each in decisions.items()
        if each.status is PairStatus.FAILED and each.license_uuid is not None
    }
    for chunk in sorted(lost):
        # Without a key: a job with the key of the chunk may have succeeded before.
        queue.enqueue(session, GIVE_BACK, str(job.uuid), chunk, queue=MANY_QUEUE)
