"""The front door of bulk enrollments: request one, see its progress, read its outcome.

Jobs do the work (jobs.py), and chunks.py records what they did.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.enrollment.bulk import queries
from bursar.enrollment.bulk.commands import RequestBulkEnrollment
from bursar.enrollment.bulk.csv_file import csv_chunks
from bursar.enrollment.bulk.events import BulkEnrollmentRequested
from bursar.enrollment.bulk.models import BulkEnrollmentJob
from bursar.enrollment.bulk.owned import JobTarget
from bursar.enrollment.bulk.rules import JobState, PairStatus
from bursar.enrollment.bulk.views import BulkEnrollmentPair, view_of
from bursar.events.service import publish
from bursar.pages import Page, PageRequest

CHUNK_SIZE: Final = 1_000
"""Pairs that are decided and recorded together."""
LMS_CHUNK_SIZE: Final = 100
"""Pairs of a chunk when an LMS is connected, because it enrolls only a few learners a second and
may become unavailable."""


def request_bulk_enrollment(
    session: Session,
    actor: Actor,
    command: RequestBulkEnrollment,
    *,
    has_lms: bool,
    at: datetime | None = None,
) -> UUID:
    """Stores a job and returns its uuid. A subscriber of BulkEnrollmentRequested enqueues its
    work."""
    at = clock.now() if at is None else at
    job = JobTarget(
        enterprise_uuid=command.enterprise_uuid,
        uuid=uuid4(),
        total=len(command.emails) * len(command.course_run_keys),
        state=JobState.QUEUED.value,
        succeeded_count=0,
        pending_count=0,
        failed_count=0,
        created_at=at,
        finished_at=None,
    )
    session.execute(
        insert(BulkEnrollmentJob).values(
            uuid=job.uuid,
            enterprise_uuid=job.enterprise_uuid,
            notify=command.notify,
            emails=list(command.emails),
            course_run_keys=list(command.course_run_keys),
            total=job.total,
            chunk_size=LMS_CHUNK_SIZE if has_lms else CHUNK_SIZE,
            state=job.state,
            succeeded_count=job.succeeded_count,
            pending_count=job.pending_count,
            failed_count=job.failed_count,
            client_id=actor.name,
            request_id=actor.request_id,
            created_at=job.created_at,
        )
    )
    requested = BulkEnrollmentRequested(
        object_id=job.uuid,
        enterprise_uuid=job.enterprise_uuid,
        changes={
            "state": (None, job.state),
            "total": (None, job.total),
            "learners": (None, len(command.emails)),
            "notify": (None, command.notify),
        },
        data=view_of(job),
        is_first=True,
    )
    publish(session, actor, [requested], at=at)
    return job.uuid


def list_pairs(
    connection: Connection, job: JobTarget, wanted: PageRequest
) -> tuple[Page, Sequence[BulkEnrollmentPair]]:
    """Pairs that are done, learner by learner in the order of the request.

    Raises PageOutOfRange.
    """
    page = wanted.within(view_of(job).done)
    # Once all pairs are done, their numbers have no gaps, so a page begins at a number instead of
    # an offset.
    where = {"first" if job.state == JobState.DONE else "offset": page.start}
    rows = queries.page_of_rows(connection, job.uuid, size=page.size, **where)
    return page, [
        BulkEnrollmentPair(row.email, row.course_run_key, PairStatus(row.status), row.notes)
        for row in rows
    ]


def download_pairs(connection: Connection, job: JobTarget) -> Iterator[bytes]:
    """All pairs that are done, as a CSV file, a batch at a time."""
    return csv_chunks(queries.all_rows(connection, job.uuid))
