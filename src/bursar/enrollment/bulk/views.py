"""Bulk enrollments as the API shows them."""

from uuid import UUID

import msgspec

from bursar.clock import format_instant
from bursar.database.types import AnyRow
from bursar.enrollment.bulk.owned import JobTarget
from bursar.enrollment.bulk.rules import JobState, PairStatus


class BulkEnrollmentJobView(msgspec.Struct, frozen=True):
    """The status of a job, without the address of its download, which depends on the request."""

    job_id: UUID
    state: JobState
    total: int
    done: int
    succeeded: int
    pending: int
    failed: int
    created: str
    finished: str | None


class BulkEnrollmentPair(msgspec.Struct, frozen=True):
    email: str
    course_run_key: str
    status: PairStatus
    notes: str


def view_of(job: JobTarget | AnyRow) -> BulkEnrollmentJobView:
    return BulkEnrollmentJobView(
        job_id=job.uuid,
        state=JobState(job.state),
        total=job.total,
        done=job.succeeded_count + job.pending_count + job.failed_count,
        succeeded=job.succeeded_count,
        pending=job.pending_count,
        failed=job.failed_count,
        created=format_instant(job.created_at),
        finished=None if job.finished_at is None else format_instant(job.finished_at),
    )
