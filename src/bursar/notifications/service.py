"""What domains do with mails. Every function expects the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID, uuid4

from sqlalchemy import Table, bindparam, select, text, update
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.notifications.models import Mail, MailStatus

BATCH: Final = 10_000

_MAILS: Final = cast("Table", Mail.__table__)
_IS_PENDING: Final = text("status = 'pending'")  # said as the partial index says it

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
    """JSON values for the templates."""
    uuid: UUID = field(default_factory=uuid4)


def enqueue(session: Session, mails: Sequence[NewMail], now: datetime) -> None:
    """They are sent when the caller's transaction has committed."""
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
    """Those that a mail is still waiting for."""
    found: set[UUID] = set()
    for chunk in batched(subject_uuids, BATCH):
        mine = is_any_of(session, Mail.subject_uuid, chunk)
        found.update(session.scalars(select(Mail.subject_uuid).where(mine, _IS_PENDING)))
    return found


def drop_pending(
    session: Session, subject_uuids: Sequence[UUID], kinds: Sequence[str], now: datetime
) -> None:
    """Mails that wait are never sent. One that is just being sent still counts as delivered."""
    for chunk in batched(subject_uuids, BATCH):
        session.execute(
            update(_MAILS)
            .where(
                is_any_of(session, Mail.subject_uuid, chunk),
                _MAILS.c.kind.in_(kinds),
                _IS_PENDING,
            )
            .values(status=MailStatus.DROPPED.value, finished_at=now)
        )


def replace_recipients(session: Session, recipients: Mapping[UUID, str]) -> None:
    """Of finished mails, by what they are about; what else could name the person goes too."""
    rows = [
        {"subject": subject, "replacement": recipient} for subject, recipient in recipients.items()
    ]
    if rows:
        session.connection().execute(_REPLACE_RECIPIENT, rows)
