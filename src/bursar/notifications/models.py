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
    """What it says was no longer true when its turn came."""
    FAILED = "failed"
    """Given up for good."""


_PENDING = text("status = 'pending'")


class Mail(Base):
    """A mail to one person, written in the transaction that makes it necessary.

    The row is the durable job: workers claim pending rows, send, and record what came of it.
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
        Index(None, "enterprise_uuid", "created_at"),
        Index(None, "subject_uuid"),
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    uuid: Mapped[UUID]
    """Also its Message-ID, so that a repeated one can be recognised."""
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    kind: Mapped[str]
    """Names its templates and the domain that it belongs to, such as `assignment-allocated`."""
    subject_uuid: Mapped[UUID]
    """What it is about: an assignment, a licence."""
    recipient: Mapped[str]
    context: Mapped[dict[str, Any]] = mapped_column(Json)
    """What the templates need beside the enterprise."""
    status: Mapped[str]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    """While a worker sends it; long past when that worker died."""
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None]
    """Of the latest attempt."""
