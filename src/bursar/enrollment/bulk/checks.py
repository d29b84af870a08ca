"""Checks the counts of bulk enrollments, and that each done chunk has all of its pairs."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import ColumnElement, and_, case, func, select
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
_kept = select(_jobs).where(_jobs.c.forgotten_at.is_(None)).subquery("kept")
"""Of jobs that are being forgotten, some rows are gone already."""
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
    for uuid, name, stored, counted in wrong_counts(session, _kept, _rows.c.job_uuid, _COUNTED):
        yield f"bulk_enrollment_jobs: {uuid}: {name} is {stored}, not {counted}"


def _wrong_chunks(session: Session) -> Iterator[str]:
    """Finds done chunks that have some of their pairs, but not all."""
    first = _chunks.c.number * _jobs.c.chunk_size
    rest = _jobs.c.total - first
    expected = case((rest < _jobs.c.chunk_size, rest), else_=_jobs.c.chunk_size)
    mine = and_(
        _rows.c.job_uuid == _chunks.c.job_uuid,
        _rows.c.number >= first,
        _rows.c.number < first + _jobs.c.chunk_size,
    )
    pairs = func.count(_rows.c.number)
    statement = (
        select(_jobs.c.uuid, _chunks.c.number, pairs.label("pairs"), expected.label("expected"))
        .select_from(_chunks.join(_jobs, _jobs.c.uuid == _chunks.c.job_uuid).outerjoin(_rows, mine))
        .where(_jobs.c.forgotten_at.is_(None))
        .group_by(_jobs.c.uuid, _jobs.c.total, _jobs.c.chunk_size, _chunks.c.number)
        .having(pairs != expected)
        .order_by(_jobs.c.uuid, _chunks.c.number)
    )
    for row in session.execute(statement):
        yield (
            f"bulk_enrollment_jobs: {row.uuid}: chunk {row.number} is done with {row.pairs} pairs,"
            f" not {row.expected}"
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
