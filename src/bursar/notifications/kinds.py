"""What a domain tells the delivery about its mails, and what the delivery tells the domain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class QueuedMail:
    """A mail as it was when a worker took it."""

    id: int
    uuid: UUID
    enterprise_uuid: UUID
    kind: str
    subject_uuid: UUID
    recipient: str
    context: dict[str, Any]
    attempts: int
    """Made before this one."""
    created_at: datetime


class AttemptOutcome(StrEnum):
    DELIVERED = "delivered"
    RETRYING = "retrying"
    FAILED = "failed"
    """For good: refused, or given up."""


@dataclass(frozen=True, slots=True)
class Attempt:
    mail: QueuedMail
    outcome: AttemptOutcome
    at: datetime
    error: str | None = None
    """Holds no address."""


@dataclass(frozen=True, slots=True)
class MailKind:
    name: str
    templates: str
    """A package whose folder `templates` has `{name}.txt` and `{name}.html`.

    The text names the subject: in its block `subject`, or as its first line, `Subject: ...`. Both
    can extend the layouts of this package and then fill the block `body`; they know the filters
    `date` (of an ISO 8601 instant) and `one_line`.
    """
    still_wanted: Callable[[Session, Sequence[QueuedMail]], set[UUID]]
    """The uuids of the mails that are still true. Only reads."""
    record: Callable[[Session, Sequence[Attempt], datetime], None]
    """The domain's own record of what came of the mails, in the transaction that keeps it.

    It runs before the mails' rows are locked, so it may take the domain's locks. It may run
    again after a failure of that transaction.
    """
