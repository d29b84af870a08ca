from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import BIG_ID
from bursar.database.types import Json
from bursar.identity.models import Enterprise


class MailStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    DROPPED = "dropped"
    """What the mail says was no longer true when its turn came; `error` says why."""
    FAILED = "failed"
    """The mail is never tried again."""


_PENDING = text("status = 'pending'")
_FAILED = text("status = 'failed'")
_WORDED = text("context <> '{}'")


class Mail(Base):
    """A mail to one person, written in the transaction that makes it necessary.

    The row is the durable job: workers lease pending rows, send them, and record the attempts.
    """

    __tablename__ = "mails"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'delivered', 'dropped', 'failed')", name="status_known"
        ),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index(None, "uuid", unique=True),
        Index(
            "ix_mails_due",
            "next_attempt_at",
            "id",
            postgresql_where=_PENDING,
            sqlite_where=_PENDING,
        ),
        Index(
            "ix_mails_failed",
            "finished_at",
            postgresql_where=_FAILED,
            sqlite_where=_FAILED,
        ),
        Index(
            "ix_mails_worded",
            "created_at",
            postgresql_where=_WORDED,
            sqlite_where=_WORDED,
        ),
        Index(None, "enterprise_uuid", "created_at"),
        Index(None, "subject_uuid"),
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    uuid: Mapped[UUID]
    """It is also the Message-ID, so that a mail that was sent twice can be recognised."""
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    kind: Mapped[str]
    """The name of a `MailKind`, such as `assignment-allocated`."""
    subject_uuid: Mapped[UUID]
    """The assignment or the license that the mail is about."""
    recipient: Mapped[str]
    context: Mapped[dict[str, Any]] = mapped_column(Json)
    """The values that the templates need beside the enterprise; empty once they were deleted."""
    status: Mapped[str]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    """The end of the lease of the worker that sends it; in the past when that worker died."""
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None]
    """Why the latest attempt failed or why the mail was dropped, without addresses."""
