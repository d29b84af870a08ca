"""Deliveries as operators see them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from bursar.claims.looks import Look
from bursar.delivery.models import Channel, DeliveryStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySearch:
    """What is searched for. None does not restrict."""

    channel: Channel | None = None
    kind: str | None = None
    enterprise_uuid: UUID | None = None
    recipient: str | None = None
    """Compared as it is stored."""
    status: DeliveryStatus | None = None
    since: datetime | None = None
    """Queued at this instant or later."""
    target_uuid: UUID | None = None
    event_uuid: UUID | None = None
    before: int | None = None
    """Only those with a smaller id: the id of the last one of the page before."""


@dataclass(frozen=True, slots=True)
class DeliveryView:
    id: int
    uuid: UUID
    channel: Channel
    enterprise_uuid: UUID
    kind: str
    subject_uuid: UUID
    target_uuid: UUID | None
    event_uuid: UUID | None
    recipient: str
    context: dict[str, Any]
    """What is needed to send it; empty once it was deleted."""
    status: DeliveryStatus
    attempts: int
    """Since the last retry."""
    next_attempt_at: datetime | None
    """None when no attempt is planned."""
    leased_until: datetime | None
    """Until when a worker has it to itself; in the past when that worker died."""
    created_at: datetime
    finished_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt, with the answer of the other side."""

    number: int
    at: datetime
    outcome: str
    status: int | None
    answer: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class MailText:
    """What a mail says."""

    recipient: str
    subject: str
    text: str
    html: str


class CapturedMail(msgspec.Struct, kw_only=True):
    """A mail of a sandbox."""

    uuid: UUID
    kind: str
    to: str
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    """All three are None when the mail cannot be read, and `reason` says why."""
    at: datetime
    """When it was queued."""
    status: DeliveryStatus
    reason: str | None
    """Why it was dropped or bounced, or cannot be read."""
    number: int
    """Newer mails have larger ones."""


@dataclass(frozen=True, slots=True)
class Correspondent:
    """The enterprise that a mail speaks for, as templates see it."""

    name: str
    contact_email: str | None
    look: Look = field(default_factory=Look)
    """How it shows itself to its learners."""
    is_sandbox: bool = False
    is_bouncing: bool = False
    """Whether the mails of this sandbox are to bounce."""
