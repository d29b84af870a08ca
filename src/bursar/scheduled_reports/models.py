from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.types import Json
from bursar.identity.models import Enterprise

PENDING: Final = text("status = 'pending'")


class Report(Base):
    """What an enterprise is sent, when, and to where: as its manifest declares it."""

    __tablename__ = "reports"
    __table_args__ = (
        CheckConstraint("format IN ('csv', 'ndjson', 'json')", name="format_known"),
        Index(None, "enterprise_uuid", "name", unique=True),
        Index(None, "next_due_at"),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    name: Mapped[str]
    what: Mapped[str]
    format: Mapped[str]
    timetable: Mapped[dict[str, Any]] = mapped_column(Json)
    """See `timetables.stored`."""
    filters: Mapped[dict[str, Any]] = mapped_column(Json)
    """As they were declared."""
    selection: Mapped[dict[str, Any]] = mapped_column(Json)
    """What the filters mean: a `Wanted` of commands, as JSON."""
    destination: Mapped[dict[str, Any]] = mapped_column(Json)
    """See `destinations.stored`. It holds no password and no private key."""
    secret: Mapped[str | None]
    """The password or the private key for the server, sealed."""
    pgp_public_key: Mapped[str | None]
    next_due_at: Mapped[datetime]
    """When the timetable asks for a run next. It stays in the past while nobody plans one."""
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]


class RunStatus(StrEnum):
    PENDING = "pending"
    """Not everybody has the file yet who shall get it."""
    DELIVERED = "delivered"
    DROPPED = "dropped"
    """A newer run took its place, or the report is no longer declared; `error` says which."""
    FAILED = "failed"
    """Somebody does not get it: it was tried for the last time."""


class ReportRun(Base):
    """One report of one planned instant. To whom it goes, and every attempt, is in the ledger of
    deliveries, whose rows are about this one."""

    __tablename__ = "report_runs"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'delivered', 'dropped', 'failed')", name="status_known"
        ),
        CheckConstraint("(status = 'pending') = (finished_at IS NULL)", name="end_known"),
        # Two workers that plan the same run make it once.
        Index(None, "report_uuid", "planned_at", unique=True),
        # A report never overlaps itself.
        Index(
            "ix_report_runs_one_at_a_time",
            "report_uuid",
            unique=True,
            postgresql_where=PENDING,
            sqlite_where=PENDING,
        ),
        Index(None, "enterprise_uuid", "planned_at"),
        Index(None, "finished_at"),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    report_uuid: Mapped[UUID]
    """It may be gone: what was sent stays on record when its report is no longer declared."""
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    report_name: Mapped[str]
    planned_at: Mapped[datetime]
    """The due instant, or when somebody asked for a run."""
    status: Mapped[str]
    size: Mapped[int | None] = mapped_column(BigInteger)
    """Bytes of the file that was made last."""
    error: Mapped[str | None]
    """Why the latest attempt failed or why it was dropped, without addresses."""
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
