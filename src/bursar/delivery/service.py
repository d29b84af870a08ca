"""The front door: domains enqueue mails here, workers send them, operators look at them.

What changes mails expects the caller's transaction. Sending stands in `sending`, because it needs
SMTP and templates, and most processes send nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID, uuid4

from sqlalchemy import Connection, CursorResult, Table, bindparam, select, text, update
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.delivery import queries
from bursar.delivery.channel import (
    Attempt,
    AttemptOutcome,
    Kept,
    MailKind,
    QueuedMail,
    Smtp,
    Transport,
)
from bursar.delivery.models import Mail, MailStatus
from bursar.delivery.past import record_past_attempts
from bursar.delivery.refusals import MailTextDeleted, UnknownMail, UnknownMailKind
from bursar.delivery.retrying import failed_since, retry
from bursar.delivery.rules import BACKOFF, delivered, failed
from bursar.delivery.views import MailText, MailView

__all__ = [
    "BACKOFF",
    "Attempt",
    "AttemptOutcome",
    "Kept",
    "MailKind",
    "MailStatus",
    "MailText",
    "MailView",
    "NewMail",
    "QueuedMail",
    "Smtp",
    "Transport",
    "delivered",
    "drop_pending",
    "enqueue",
    "failed",
    "failed_since",
    "newest_mails",
    "pending_subjects",
    "record_past_attempts",
    "redirect_pending",
    "replace_recipients",
    "retry",
    "text_of_mail",
    "view_of_mail",
]

BATCH: Final = 10_000

_MAILS: Final = cast("Table", Mail.__table__)
# PostgreSQL uses the partial index only for the literal condition of the index.
_IS_PENDING: Final = text("status = 'pending'")

_REPLACE_RECIPIENT: Final = (
    update(_MAILS)
    .where(_MAILS.c.subject_uuid == bindparam("subject"), _MAILS.c.status != MailStatus.PENDING)
    .values(recipient=bindparam("replacement"), context={})
)


@dataclass(frozen=True, slots=True)
class NewMail:
    kind: str
    enterprise_uuid: UUID
    subject_uuid: UUID
    recipient: str
    context: dict[str, Any]
    """The values of the templates, as JSON."""
    uuid: UUID = field(default_factory=uuid4)


def enqueue(session: Session, mails: Sequence[NewMail], now: datetime) -> None:
    """Queues mails. A worker sends them once the caller's transaction is committed."""
    bulk_insert(session, Mail, [_row(mail, now) for mail in mails])


def _row(mail: NewMail, now: datetime) -> dict[str, Any]:
    return {
        "uuid": mail.uuid,
        "enterprise_uuid": mail.enterprise_uuid,
        "kind": mail.kind,
        "subject_uuid": mail.subject_uuid,
        "recipient": mail.recipient,
        "context": mail.context,
        "status": MailStatus.PENDING.value,
        "attempts": 0,
        "next_attempt_at": now,
        "created_at": now,
    }


def pending_subjects(session: Session, subject_uuids: Sequence[UUID]) -> set[UUID]:
    """The subjects of mails that are still to be sent."""
    found: set[UUID] = set()
    for chunk in batched(subject_uuids, BATCH):
        mine = is_any_of(session, Mail.subject_uuid, chunk)
        found.update(session.scalars(select(Mail.subject_uuid).where(mine, _IS_PENDING)))
    return found


def drop_pending(
    session: Session,
    subject_uuids: Sequence[UUID],
    kinds: Sequence[str],
    now: datetime,
    *,
    reason: str,
) -> None:
    """Takes back mails that wait. A mail that is being sent right now counts as delivered.

    The reason is a sentence for the operator, without addresses.
    """
    for chunk in batched(subject_uuids, BATCH):
        session.execute(
            update(_MAILS)
            .where(
                is_any_of(session, Mail.subject_uuid, chunk),
                _MAILS.c.kind.in_(kinds),
                _IS_PENDING,
            )
            .values(status=MailStatus.DROPPED.value, finished_at=now, error=reason)
        )


def replace_recipients(session: Session, recipients: Mapping[UUID, str]) -> None:
    """Replaces the addresses of finished mails, by their subjects, and deletes their values.

    The values go because they could name the person.
    """
    rows = [
        {"subject": subject, "replacement": recipient} for subject, recipient in recipients.items()
    ]
    if rows:
        session.connection().execute(_REPLACE_RECIPIENT, rows)


def redirect_pending(session: Session, enterprise_uuid: UUID, old: str, new: str) -> int:
    """Sends the mails that wait for one address to another, and returns how many those are."""
    waiting = (
        _MAILS.c.enterprise_uuid == enterprise_uuid,
        _MAILS.c.recipient == old,
        _IS_PENDING,
    )
    redirected = update(_MAILS).where(*waiting).values(recipient=new)
    return cast("CursorResult[tuple[()]]", session.execute(redirected)).rowcount


def newest_mails(
    connection: Connection,
    *,
    enterprise_uuid: UUID | None = None,
    status: MailStatus | None = None,
    recipient: str | None = None,
    since: datetime | None = None,
    limit: int,
) -> Sequence[MailView]:
    """The mails that were queued last, the newest first. `recipient` is compared as stored."""
    return queries.newest_mails(
        connection,
        enterprise_uuid=enterprise_uuid,
        status=status,
        recipient=recipient,
        since=since,
        limit=limit,
    )


def view_of_mail(connection: Connection, uuid: UUID) -> MailView:
    """Raises UnknownMail."""
    mail = queries.find_mail(connection, uuid)
    if mail is None:
        raise UnknownMail(uuid)
    return mail


def text_of_mail(connection: Connection, kinds: Mapping[str, MailKind], uuid: UUID) -> MailText:
    """What a mail says, rendered with the templates of today.

    Raises UnknownMail, UnknownMailKind, MailTextDeleted and MailUnwritable.
    """
    # Templates are for those only who read or send mail.
    from bursar.delivery.rendering import render_for_reading  # noqa: PLC0415

    mail = view_of_mail(connection, uuid)
    kind = kinds.get(mail.kind)
    if kind is None:
        raise UnknownMailKind(mail.kind)
    if mail.status != MailStatus.PENDING and not mail.context:
        raise MailTextDeleted
    enterprises = queries.correspondents(connection, [mail.enterprise_uuid])
    rendered = render_for_reading(kind, enterprises[mail.enterprise_uuid], mail.context)
    return MailText(mail.recipient, rendered.subject, rendered.text)
