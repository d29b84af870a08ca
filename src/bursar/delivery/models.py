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


class Channel(StrEnum):
    """How something leaves the house."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    XAPI = "xapi"
    REPORT = "report"
    SCIM = "scim"


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    DROPPED = "dropped"
    """It was no longer true or wanted when its turn came; `error` says why."""
    FAILED = "failed"
    """It is never tried again."""


_DUE = text("status = 'pending' AND target_uuid IS NOT NULL")
_MAIL_DUE = text("status = 'pending' AND target_uuid IS NULL")
_LEASED = text("status = 'pending' AND claimed_until IS NOT NULL")
_FAILED = text("status = 'failed'")
_WORDED = text("context <> '{}'")
_ANSWERED = text("answer IS NOT NULL")
_TARGETED = text("target_uuid IS NOT NULL")
IS_MAIL = text("channel = 'mail'")
"""In these words: an index is only used for a condition that is known to imply its own."""


class Delivery(Base):
    """Something that is sent to one recipient, written in the transaction that makes it necessary.

    The row is the durable job: workers lease pending rows, send them, and record the attempts.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'delivered', 'dropped', 'failed')", name="status_known"
        ),
        CheckConstraint(
            "channel IN ('mail', 'webhook', 'xapi', 'report', 'scim')", name="channel_known"
        ),
        CheckConstraint("channel = 'mail' OR target_uuid IS NOT NULL", name="has_target"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index(None, "uuid", unique=True),
        Index(
            "ix_deliveries_due",
            "channel",
            "target_uuid",
            "next_attempt_at",
            "id",
            postgresql_where=_DUE,
            sqlite_where=_DUE,
        ),
        Index(
            "ix_deliveries_mail_due",
            "enterprise_uuid",
            "next_attempt_at",
            "id",
            postgresql_where=_MAIL_DUE,
            sqlite_where=_MAIL_DUE,
        ),
        Index(
            "ix_deliveries_leased",
            "channel",
            "target_uuid",
            postgresql_where=_LEASED,
            sqlite_where=_LEASED,
        ),
        Index(
            "ix_deliveries_failed",
            "finished_at",
            postgresql_where=_FAILED,
            sqlite_where=_FAILED,
        ),
        Index(
            "ix_deliveries_worded",
            "created_at",
            postgresql_where=_WORDED,
            sqlite_where=_WORDED,
        ),
        Index(
            "ix_deliveries_target",
            "target_uuid",
            "id",
            postgresql_where=_TARGETED,
            sqlite_where=_TARGETED,
        ),
        Index(
            "ix_deliveries_mail_to",
            "enterprise_uuid",
            "recipient",
            "id",
            postgresql_where=IS_MAIL,
            sqlite_where=IS_MAIL,
        ),
        Index(None, "enterprise_uuid", "created_at"),
        Index(None, "subject_uuid"),
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    uuid: Mapped[UUID]
    """Of a mail it is also the Message-ID, so that one that was sent twice can be recognised."""
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    kind: Mapped[str]
    """What is sent, as the channel names it: a `MailKind`, such as `assignment-allocated`, or the
    type of an event."""
    subject_uuid: Mapped[UUID]
    """What it is about, such as an assignment or a license."""
    recipient: Mapped[str]
    """What a person would search for: an address, or a URL without credentials."""
    context: Mapped[dict[str, Any]] = mapped_column(Json)
    """What is needed to send it, such as the values of a mail's templates; empty once they were
    deleted."""
    status: Mapped[str]
    attempts: Mapped[int]
    """How many attempts count for the pause before the next one; 0 again after a retry."""
    next_attempt_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    """The end of the lease of the worker that sends it; in the past when that worker died."""
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None]
    """Why the latest attempt failed or why it was dropped, without addresses."""
    channel: Mapped[str] = mapped_column(server_default="mail")
    target_uuid: Mapped[UUID | None]
    """The endpoint, the report or the connection that it goes to; None for a mail, which waits for
    the turn of its enterprise instead."""
    event_uuid: Mapped[UUID | None]
    """The event that it tells of."""
    attempted: Mapped[int] = mapped_column(server_default="0")
    """How many attempts are recorded, in all."""


class DeliveryAttempt(Base):
    """One attempt to send something, and what the other side answered."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (
        Index(
            "ix_delivery_attempts_answered",
            "at",
            postgresql_where=_ANSWERED,
            sqlite_where=_ANSWERED,
        ),
    )

    delivery_id: Mapped[int] = mapped_column(
        BIG_ID, ForeignKey(Delivery.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """From 1."""
    at: Mapped[datetime]
    outcome: Mapped[str]
    """An `AttemptOutcome`."""
    status: Mapped[int | None]
    """What the protocol calls the answer, such as 250 or 503; None when there was none."""
    answer: Mapped[str | None]
    """The beginning of what the other side said, or why nothing was sent; without addresses."""
    seconds: Mapped[float]
