"""Mails as operators see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from bursar.delivery.models import MailStatus


@dataclass(frozen=True, slots=True)
class MailView:
    uuid: UUID
    enterprise_uuid: UUID
    kind: str
    subject_uuid: UUID
    recipient: str
    context: dict[str, Any]
    """The values of the templates; empty once they were deleted."""
    status: MailStatus
    attempts: int
    created_at: datetime
    finished_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class MailText:
    """What a mail says, without its markup."""

    recipient: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Correspondent:
    """The enterprise that a mail speaks for, as templates see it."""

    name: str
    contact_email: str | None
