from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import SORTABLE
from bursar.database.types import Json
from bursar.identity.models import Enterprise

_PENDING: Final = text("status = 'pending'")
_UNFINISHED: Final = text("state <> 'done'")


class BulkEnrollmentJob(Base):
    """A job. Pair number i is learner i // runs and run i % runs, in the order of the lists."""

    __tablename__ = "bulk_enrollment_jobs"
    __table_args__ = (
        Index(
            "ix_bulk_enrollment_jobs_unfinished",
            "created_at",
            postgresql_where=_UNFINISHED,
            sqlite_where=_UNFINISHED,
        ),
        CheckConstraint("state IN ('queued', 'running', 'done')", name="state_known"),
        CheckConstraint(
            "succeeded_count >= 0 AND pending_count >= 0 AND failed_count >= 0"
            " AND succeeded_count + pending_count + failed_count <= total",
            name="counts_in_range",
        ),
        CheckConstraint(
            "(state = 'done') = (succeeded_count + pending_count + failed_count = total)"
            " AND (state = 'done') = (finished_at IS NOT NULL)"
            " AND (state = 'queued') = (started_at IS NULL)",
            name="state_fits",
        ),
        CheckConstraint("total > 0 AND chunk_size > 0", name="sizes_positive"),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid), index=True)
    notify: Mapped[bool]
    emails: Mapped[list[str]] = mapped_column(Json)
    course_run_keys: Mapped[list[str]] = mapped_column(Json)
    total: Mapped[int] = mapped_column(BigInteger)
    chunk_size: Mapped[int]
    """Chunk number c has the pairs from c x chunk_size on."""
    state: Mapped[str]
    succeeded_count: Mapped[int] = mapped_column(BigInteger)
    pending_count: Mapped[int] = mapped_column(BigInteger)
    failed_count: Mapped[int] = mapped_column(BigInteger)
    client_id: Mapped[str]
    request_id: Mapped[str | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]
    """When its deletion began. It takes several transactions, and nobody finds the job from then
    on."""


class BulkEnrollmentChunk(Base):
    """A chunk that has been done. It is written in the same transaction as the last rows of its
    pairs."""

    __tablename__ = "bulk_enrollment_chunks"

    job_uuid: Mapped[UUID] = mapped_column(ForeignKey(BulkEnrollmentJob.uuid), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    done_at: Mapped[datetime]


class BulkEnrollmentAsked(Base):
    """A pair that the LMS is asked to enroll, noted before the call and forgotten when its outcome
    is recorded. A worker that dies in between leaves the note to the next one."""

    __tablename__ = "bulk_enrollment_asked"

    job_uuid: Mapped[UUID] = mapped_column(ForeignKey(BulkEnrollmentJob.uuid), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    license_uuid: Mapped[UUID]
    """The license that was to pay."""


class BulkEnrollmentRow(Base):
    """The outcome of a pair."""

    __tablename__ = "bulk_enrollment_rows"
    __table_args__ = (
        Index(
            "ix_bulk_enrollment_rows_pending",
            "license_uuid",
            postgresql_where=_PENDING,
            sqlite_where=_PENDING,
        ),
        CheckConstraint("status IN ('success', 'pending', 'failed')", name="status_known"),
        CheckConstraint("status = 'failed' OR license_uuid IS NOT NULL", name="license_named"),
    )

    job_uuid: Mapped[UUID] = mapped_column(ForeignKey(BulkEnrollmentJob.uuid), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    enterprise_uuid: Mapped[UUID]
    email: Mapped[str] = mapped_column(SORTABLE)
    course_run_key: Mapped[str] = mapped_column(SORTABLE)
    status: Mapped[str]
    notes: Mapped[str]
    license_uuid: Mapped[UUID | None]
    """The license that paid, or whose activation the pair waits for."""
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]
