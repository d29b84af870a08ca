"""The front door: domains enqueue what is to be sent, workers take it and record what came of it,
operators look at it.

What changes deliveries expects the caller's transaction. A channel is a loop: `is_any_due`; `take`
in one transaction; send outside of any, as long as the lease `has_room_for` a whole attempt; then
`record` in another transaction, with the instant at which the lease ends, and `release` what was
not begun. What a worker that died had taken comes back when the lease ends. The sending of mail
stands in `sending`, because it needs SMTP and templates, and most processes send nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID, uuid4

from sqlalchemy import Connection, CursorResult, Table, bindparam, not_, select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.batches import batched
from bursar.claims.links import LinkTo, no_links
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.delivery import queries
from bursar.delivery.captured import CAPTURED, forget_captured
from bursar.delivery.channel import (
    Attempt,
    AttemptOutcome,
    Kept,
    MailKind,
    NewDelivery,
    QueuedDelivery,
    Smtp,
    Transport,
)
from bursar.delivery.lease import Lease, is_any_due, release, take
from bursar.delivery.models import Channel, Delivery, DeliveryAttempt, DeliveryStatus
from bursar.delivery.past import record_past_attempts
from bursar.delivery.reading import MailReader
from bursar.delivery.recording import record
from bursar.delivery.refusals import UnknownDelivery, UnknownMail
from bursar.delivery.retrying import failed_since, resend, retry, to_resend
from bursar.delivery.rules import BACKOFF, KEPT, MARGIN, delivered, failed
from bursar.delivery.subjects import (
    drop_of_subjects,
    is_being_sent,
    statuses_of,
    take_of_subject,
)
from bursar.delivery.targets import (
    count_waiting,
    drop_for_target,
    drop_leased,
    leave_to_others,
    postpone_for_target,
    replace_waiting,
)
from bursar.delivery.views import (
    AttemptView,
    CapturedMail,
    DeliverySearch,
    DeliveryView,
    MailText,
)

__all__ = [
    "BACKOFF",
    "CAPTURED",
    "KEPT",
    "MARGIN",
    "Attempt",
    "AttemptOutcome",
    "AttemptView",
    "CapturedMail",
    "Channel",
    "DeliverySearch",
    "DeliveryStatus",
    "DeliveryView",
    "Kept",
    "Lease",
    "MailKind",
    "MailReader",
    "MailText",
    "NewDelivery",
    "NewMail",
    "QueuedDelivery",
    "Smtp",
    "Transport",
    "attempts_of",
    "attempts_of_each",
    "count_waiting",
    "delivered",
    "drop_for_target",
    "drop_leased",
    "drop_of_subjects",
    "drop_pending",
    "enqueue",
    "enqueue_deliveries",
    "failed",
    "failed_since",
    "forget_answers_to",
    "forget_captured",
    "is_any_due",
    "is_being_sent",
    "leave_to_others",
    "pending_subjects",
    "postpone_for_target",
    "record",
    "record_past_attempts",
    "redirect_pending",
    "release",
    "replace_recipients",
    "replace_waiting",
    "resend",
    "retry",
    "search_deliveries",
    "statuses_of",
    "take",
    "take_of_subject",
    "text_of_mail",
    "to_resend",
    "view_of_delivery",
    "view_of_mail",
]

BATCH: Final = 10_000

_DELIVERIES: Final = cast("Table", Delivery.__table__)
_IS_PENDING: Final = _DELIVERIES.c.status == DeliveryStatus.PENDING.value
_IS_MAIL: Final = _DELIVERIES.c.channel == Channel.MAIL.value

_REPLACE_RECIPIENT: Final = (
    update(_DELIVERIES)
    .where(_DELIVERIES.c.subject_uuid == bindparam("subject"), _IS_MAIL, not_(_IS_PENDING))
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
    bulk_insert(session, Delivery, [_row(mail, now) for mail in mails])


def enqueue_deliveries(session: Session, deliveries: Sequence[NewDelivery], now: datetime) -> None:
    """Queues what leaves by any channel; otherwise as `enqueue`."""
    rows = [
        {
            **_row(each, now),
            "channel": each.channel.value,
            "target_uuid": each.target_uuid,
            "event_uuid": each.event_uuid,
            "next_attempt_at": max(now, each.due_at or now) - clock.ahead(),
        }
        for each in deliveries
    ]
    bulk_insert(session, Delivery, rows)


def _row(new: NewMail | NewDelivery, now: datetime) -> dict[str, Any]:
    return {
        "uuid": new.uuid,
        "enterprise_uuid": new.enterprise_uuid,
        "kind": new.kind,
        "subject_uuid": new.subject_uuid,
        "recipient": new.recipient,
        "context": new.context,
        "status": DeliveryStatus.PENDING.value,
        "attempts": 0,
        # Workers go by the clock on the wall, whatever the clock of a sandbox says.
        "next_attempt_at": now - clock.ahead(),
        "created_at": now,
    }


def pending_subjects(session: Session, subject_uuids: Sequence[UUID]) -> set[UUID]:
    """The subjects of mails that are still to be sent."""
    found: set[UUID] = set()
    for chunk in batched(subject_uuids, BATCH):
        mine = is_any_of(session, Delivery.subject_uuid, chunk)
        found.update(
            session.scalars(select(Delivery.subject_uuid).where(mine, _IS_MAIL, _IS_PENDING))
        )
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
            update(_DELIVERIES)
            .where(
                is_any_of(session, Delivery.subject_uuid, chunk),
                _IS_MAIL,
                _DELIVERIES.c.kind.in_(kinds),
                _IS_PENDING,
            )
            .values(status=DeliveryStatus.DROPPED.value, finished_at=now, error=reason)
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
        _DELIVERIES.c.enterprise_uuid == enterprise_uuid,
        _DELIVERIES.c.recipient == old,
        _IS_MAIL,
        _IS_PENDING,
    )
    redirected = update(_DELIVERIES).where(*waiting).values(recipient=new)
    return cast("CursorResult[tuple[()]]", session.execute(redirected)).rowcount


def forget_answers_to(session: Session, enterprise_uuid: UUID, recipients: Collection[str]) -> None:
    """Empties what mail servers and others answered to deliveries to these recipients. It holds no
    address, and may hold a name nevertheless."""
    theirs = select(_DELIVERIES.c.id).where(
        _DELIVERIES.c.enterprise_uuid == enterprise_uuid, _DELIVERIES.c.recipient.in_(recipients)
    )
    attempts = DeliveryAttempt.__table__.c
    session.execute(
        update(DeliveryAttempt)
        .where(attempts.delivery_id.in_(theirs))
        .values(answer=None)
        .execution_options(synchronize_session=False)
    )


def search_deliveries(
    connection: Connection, search: DeliverySearch, *, limit: int
) -> Sequence[DeliveryView]:
    """Those that were queued last, the newest first."""
    return queries.newest_deliveries(connection, search, limit=limit)


def attempts_of(connection: Connection, delivery: DeliveryView) -> Sequence[AttemptView]:
    """The recorded attempts, the first one first."""
    return queries.attempts_of(connection, [delivery.id])[delivery.id]


def attempts_of_each(
    connection: Connection, deliveries: Sequence[DeliveryView]
) -> Mapping[UUID, Sequence[AttemptView]]:
    """The same for many, by their uuids."""
    found = queries.attempts_of(connection, [each.id for each in deliveries])
    return {each.uuid: found[each.id] for each in deliveries}


def view_of_delivery(connection: Connection, uuid: UUID) -> DeliveryView:
    """Raises UnknownDelivery."""
    delivery = queries.find_delivery(connection, uuid)
    if delivery is None:
        raise UnknownDelivery(uuid)
    return delivery


def view_of_mail(connection: Connection, uuid: UUID) -> DeliveryView:
    """Raises UnknownMail."""
    mail = queries.find_delivery(connection, uuid, Channel.MAIL)
    if mail is None:
        raise UnknownMail(uuid)
    return mail


def text_of_mail(
    connection: Connection,
    kinds: Mapping[str, MailKind],
    uuid: UUID,
    link_to: LinkTo = no_links,
    *,
    folder: str = "",
) -> MailText:
    """What a mail says, rendered with the templates of today: those of the installation in
    `folder`, and ours.

    With `link_to` it has the learner's own link, which whoever reads it can follow.

    Raises UnknownMail, UnknownMailKind, MailTextDeleted and MailUnwritable.
    """
    mail = view_of_mail(connection, uuid)
    enterprises = queries.correspondents(connection, [mail.enterprise_uuid])
    return MailReader(kinds, link_to, folder).text_of(mail, enterprises[mail.enterprise_uuid])
