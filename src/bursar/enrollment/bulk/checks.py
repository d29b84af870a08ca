"""Checks the counts of bulk enrollments, and that each done chunk has all of its pairs."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from bursar.database.counts import wrong_counts
from bursar.enrollment.bulk.models import (
    BulkEnrollmentChunk,
    BulkEnrollmentJob,
    BulkEnrollmentRow,
)
from bursar.enrollment.bulk.rules import PairStatus

_jobs, _rows = BulkEnrollmentJob.__table__, BulkEnrollmentRow.__table__
_chunks = BulkEnrollmentChunk.__table__
_COUNTED: Final[dict[str, ColumnElement[bool]]] = {
    "succeeded_count": _rows.c.status == PairStatus.SUCCESS.value,
    "pending_count": _rows.c.status == PairStatus.PENDING.value,
    "failed_count": _rows.c.status == PairStatus.FAILED.value,
}
"""The condition on pairs that each column of a job counts."""


def check_bulk_enrollment(session: Session) -> Iterator[str]:
    """One line for each row that is wrong."""
    yield from _wrong_counts(session)
    yield from _wrong_chunks(session)
    yield from _strangers(session)


def _wrong_counts(session: Session) -> Iterator[str]:
    for uuid, name, stored, counted in wrong_counts(session, _jobs, _rows.c.job_uuid, _COUNTED):
        yield f"bulk_enrollment_jobs: {uuid}: {name} is {stored}, not {counted}"


def _wrong_chunks(session: Session) -> Iterator[str]:
    """Finds chunks that have some of their pairs, but not all."""
    rest = _jobs.c.total - _chunks.c.number * _jobs.c.chunk_size
    expected = case((rest < _jobs.c.chunk_size, rest), else_=_jobs.c.chunk_size)
    chunks = (
        select(_chunks.c.job_uuid, func.sum(expected).label("pairs"))
        .join_from(_chunks, _jobs, _jobs.c.uuid == _chunks.c.job_uuid)
        .group_by(_chunks.c.job_uuid)
        .subquery()
    )
    done = _jobs.c.succeeded_count + _jobs.c.pending_count + _jobs.c.failed_count
    statement = (
        select(_jobs.c.uuid, done.label("done"), func.coalesce(chunks.c.pairs, 0).label("pairs"))
        .select_from(_jobs.outerjoin(chunks, chunks.c.job_uuid == _jobs.c.uuid))
        .where(done != func.coalesce(chunks.c.pairs, 0))
        .order_by(_jobs.c.uuid)
    )
    for row in session.execute(statement):
        yield (
            f"bulk_enrollment_jobs: {row.uuid}: {row.done} pairs are counted,"
            f" but its chunks have {row.pairs}"
        )


def _strangers(session: Session) -> Iterator[str]:
    statement = (
        select(_rows.c.job_uuid)
        .join_from(_rows, _jobs, _jobs.c.uuid == _rows.c.job_uuid)
        .where(_rows.c.enterprise_uuid != _jobs.c.enterprise_uuid)
        .distinct()
        .order_by(_rows.c.job_uuid)
    )
    for uuid in session.scalars(statement):
        yield f"bulk_enrollment_rows: {uuid}: of another enterprise than its job"
