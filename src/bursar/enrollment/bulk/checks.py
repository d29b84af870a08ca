"""Checks the counts of bulk enrollments, that each done chunk has all of its pairs, and that the
learners of licenses have the seats that they were given."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import ColumnElement, and_, case, exists, func, not_, or_, select
from sqlalchemy.orm import Session

from bursar.database.counts import wrong_counts
from bursar.enrollment.bulk.models import (
    BulkEnrollmentChunk,
    BulkEnrollmentJob,
    BulkEnrollmentRow,
)
from bursar.enrollment.bulk.rules import PairStatus
from bursar.enrollment.commands import Payer
from bursar.enrollment.models import Enrollment
from bursar.learners.models import Learner
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.states import LicenseStatus

_jobs, _rows = BulkEnrollmentJob.__table__, BulkEnrollmentRow.__table__
_chunks = BulkEnrollmentChunk.__table__
_kept = select(_jobs).where(_jobs.c.forgotten_at.is_(None)).subquery("kept")
"""Of jobs that are being forgotten, some rows are gone already."""
_licenses, _learners, _seats = License.__table__, Learner.__table__, Enrollment.__table__
_IS_LEARNER: Final = and_(
    _learners.c.enterprise_uuid == _rows.c.enterprise_uuid, _learners.c.email == _rows.c.email
)
_IS_SEAT: Final = and_(
    _seats.c.enterprise_uuid == _rows.c.enterprise_uuid,
    _seats.c.learner_id == _learners.c.id,
    _seats.c.courserun_key == _rows.c.course_run_key,
)
_WAS_TAKEN_ALONG: Final = and_(
    _seats.c.payer != Payer.LICENSE.value,
    _seats.c.enrolled_at <= _rows.c.modified_at,
    _seats.c.unenrolled_at >= _rows.c.modified_at,
)
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
    yield from _lost_seats(session)


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


def _lost_seats(session: Session) -> Iterator[str]:
    for row in session.execute(_LOST_SEATS):
        yield (
            f"bulk_enrollment_rows: {row.job_uuid}, pair {row.number}: license {row.license_uuid} "
            f"has no enrollment in {row.course_run_key} any more; a bulk enrollment of the learner "
            "in this run enrolls them again"
        )


def _has_seat_elsewhere() -> ColumnElement[bool]:
    """Under another address of the account: two addresses are one seat."""
    other, seat = _learners.alias("other"), _seats.alias("elsewhere")
    return exists(
        select(seat.c.id)
        .join_from(other, seat, seat.c.learner_id == other.c.id)
        .where(
            other.c.enterprise_uuid == _learners.c.enterprise_uuid,
            other.c.lms_user_id == _learners.c.lms_user_id,
            seat.c.enterprise_uuid == _rows.c.enterprise_uuid,
            seat.c.courserun_key == _rows.c.course_run_key,
        )
        .correlate(_learners, _rows)
    )


# Pairs of licenses in use whose enrollment is gone: there is none, or another payer had it and took
# it along. Learners who left a run by themselves have one that ended.
_LOST_SEATS: Final = (
    select(_rows.c.job_uuid, _rows.c.number, _rows.c.license_uuid, _rows.c.course_run_key)
    .join_from(_rows, _licenses, _licenses.c.uuid == _rows.c.license_uuid)
    .join(_learners, _IS_LEARNER)
    .outerjoin(_seats, _IS_SEAT)
    .where(
        _rows.c.status == PairStatus.SUCCESS.value,
        _licenses.c.status == LicenseStatus.ACTIVATED.value,
        not_(_licenses.c.is_ending),
        or_(and_(_seats.c.id.is_(None), not_(_has_seat_elsewhere())), _WAS_TAKEN_ALONG),
    )
    .order_by(_rows.c.job_uuid, _rows.c.number)
)
