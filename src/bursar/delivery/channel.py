"""Mail as a channel: what a domain says about its mails, what it hears of them, where they go."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.smtp_url import Sender, SmtpServer


@dataclass(frozen=True, slots=True)
class QueuedMail:
    """A mail as it was when a worker leased it."""

    id: int
    uuid: UUID
    enterprise_uuid: UUID
    kind: str
    subject_uuid: UUID
    recipient: str
    context: dict[str, Any]
    attempts: int
    """How many attempts were made before this one."""
    created_at: datetime


class AttemptOutcome(StrEnum):
    DELIVERED = "delivered"
    RETRYING = "retrying"
    FAILED = "failed"
    """The mail is never tried again: the server refused it, or it was given up."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to send a mail, and what came of it."""

    mail: QueuedMail
    outcome: AttemptOutcome
    at: datetime
    error: str | None = None
    """The reason holds no address, so that it may be kept and logged."""


@dataclass(frozen=True, slots=True)
class MailKind:
    """What delivery must know about the mails of one kind."""

    name: str
    templates: str
    """A package whose folder `templates` has `{name}.txt` and `{name}.html`.

    The text names the subject: in its block `subject`, or as its first line, `Subject: ...`. Both
    can extend the layouts of this package and then fill the block `body`; they know the filters
    `date` (of an ISO 8601 instant) and `one_line`.
    """
    why_untrue: Callable[[Session, Sequence[QueuedMail]], Mapping[UUID, str]]
    """The mails, by uuid, whose words are no longer true, each with the reason: a sentence for the
    operator, without addresses. All others are sent. It only reads."""
    record: Callable[[Session, Sequence[Attempt], datetime], None]
    """Keeps the domain's own record of attempts, in the transaction that updates the mails.

    It runs before the mails' rows are locked, so it may take the domain's locks. It runs again
    when that transaction failed and is repeated.
    """


@dataclass(frozen=True, slots=True)
class Kept:
    """There is no mail server: a mail counts as delivered because it is kept for reading."""


@dataclass(frozen=True, slots=True)
class Smtp:
    """Mails are sent to a mail server, which takes over the responsibility for them."""

    server: SmtpServer
    sender: Sender
    timeout: float
    """Seconds that the server may take to answer."""


Transport: TypeAlias = Kept | Smtp
"""Where mails go. The composition chooses it and hands it in."""
