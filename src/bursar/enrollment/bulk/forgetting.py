"""Forgets bulk enrollments that ended. A job has up to a million pairs, so it goes in parts: from
the first on, nobody finds it any more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, exists, or_, select, update
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.database.bulk import is_any_of
from bursar.database.engine import Database
from bursar.database.forgetting import delete_old
from bursar.enrollment.bulk.models import (
    BulkEnrollmentAsked,
    BulkEnrollmentChunk,
    BulkEnrollmentJob,
    BulkEnrollmentRow,
)
from bursar.enrollment.bulk.rules import PairStatus
from bursar.subscriptions.licenses.service import lasting_among

_BATCH: Final = 10_000
_JOBS: Final = cast("Table", BulkEnrollmentJob.__table__)
_ASKED: Final = cast("Table", BulkEnrollmentAsked.__table__)
_CHUNKS: Final = cast("Table", BulkEnrollmentChunk.__table__)
_ROWS: Final = cast("Table", BulkEnrollmentRow.__table__)


def forget_jobs(database: Database, before: datetime, now: datetime) -> int:
    """Deletes the jobs that were done before, in which nothing has happened since, and for which no
    learner waits who can still activate a license. Returns how many."""
    for job in _candidates(database, before):
        _mark(database, job, before, now)
    marked = _marked(database)
    for job in marked:
        for table in (_ROWS, _ASKED, _CHUNKS):
            delete_old(database, table, table.c.job_uuid == job)
        delete_old(database, _JOBS, _JOBS.c.uuid == job)
    return len(marked)


def known_jobs(session: Session, uuids: Sequence[UUID]) -> set[UUID]:
    """Those that still exist."""
    mine = is_any_of(session, BulkEnrollmentJob.uuid, uuids)
    return set(session.scalars(select(BulkEnrollmentJob.uuid).where(mine)))


def _candidates(database: Database, before: datetime) -> Sequence[UUID]:
    with database.read() as connection:
        return connection.scalars(
            select(_JOBS.c.uuid).where(
                _JOBS.c.finished_at < before,  # null until the job is done
                _JOBS.c.forgotten_at.is_(None),
            )
        ).all()


def _marked(database: Database) -> Sequence[UUID]:
    """With those whose deletion was broken off before."""
    with database.read() as connection:
        return connection.scalars(
            select(_JOBS.c.uuid).where(_JOBS.c.forgotten_at.is_not(None))
        ).all()


def _mark(database: Database, job: UUID, before: datetime, now: datetime) -> None:
    with database.transaction() as session:
        # Under the lock of the job, no pair of it is settled.
        session.execute(select(_JOBS.c.uuid).where(_JOBS.c.uuid == job).with_for_update())
        if _is_alive(session, job, before, now):
            return
        session.execute(update(_JOBS).where(_JOBS.c.uuid == job).values(forgotten_at=now))


def _is_alive(session: Session, job: UUID, before: datetime, now: datetime) -> bool:
    changed = exists().where(_ROWS.c.job_uuid == job, _ROWS.c.modified_at >= before)
    # Of these the LMS may hold an enrollment of which nobody knows yet.
    asked = exists().where(_ASKED.c.job_uuid == job)
    if session.scalar(select(or_(changed, asked))):
        return True
    awaited = select(_ROWS.c.license_uuid).where(
        _ROWS.c.job_uuid == job, _ROWS.c.status == PairStatus.PENDING.value
    )
    licenses = session.scalars(awaited.distinct()).all()
    return any(lasting_among(session, some, now) for some in batched(licenses, _BATCH))
