"""Says in a sentence why a mail was or was not sent."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bursar import clock
from bursar.delivery.models import Channel, DeliveryStatus
from bursar.delivery.queries import attempts_of, newest_deliveries
from bursar.delivery.rules import KEPT
from bursar.delivery.views import AttemptView, DeliverySearch, DeliveryView
from bursar.identity.service import suspended_among


@dataclass(frozen=True, slots=True)
class ExplainedMail:
    mail: DeliveryView
    why: str
    attempts: Sequence[AttemptView]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What decides about a mail beside its own row."""

    now: datetime
    kinds: Collection[str]
    """The kinds of mail that this version knows."""
    has_server: bool
    is_suspended: bool
    """Whether the enterprise is."""


def explain_mails(
    connection: Connection,
    recipient: str,
    now: datetime,
    *,
    kinds: Collection[str],
    has_server: bool,
    limit: int,
) -> Sequence[ExplainedMail]:
    """The mails to an address, as it is stored, the newest first."""
    search = DeliverySearch(channel=Channel.MAIL, recipient=recipient)
    mails = newest_deliveries(connection, search, limit=limit)
    attempts = attempts_of(connection, [mail.id for mail in mails])
    suspended = suspended_among(connection, {mail.enterprise_uuid for mail in mails})
    return [
        ExplainedMail(
            mail,
            why(
                mail,
                attempts[mail.id],
                Circumstances(now, kinds, has_server, mail.enterprise_uuid in suspended),
            ),
            attempts[mail.id],
        )
        for mail in mails
    ]


def why(mail: DeliveryView, attempts: Sequence[AttemptView], given: Circumstances) -> str:
    """A sentence for the operator."""
    if mail.status is DeliveryStatus.DROPPED:
        return f"It was dropped, and not sent: {mail.error or 'it was no longer true.'}"
    if mail.status is DeliveryStatus.FAILED:
        again = f"bursar mail retry {mail.uuid}"
        return f"It was given up: {mail.error}. When the cause is mended: {again}"
    if mail.status is DeliveryStatus.DELIVERED:
        return _why_delivered(mail, attempts)
    return _why_pending(mail, given)


def _why_delivered(mail: DeliveryView, attempts: Sequence[AttemptView]) -> str:
    if attempts and attempts[-1].answer == KEPT:
        return (
            "It was not sent: it was kept, because BURSAR_SMTP_URL named no mail server then. "
            f"Read it with: bursar mail show {mail.uuid}"
        )
    at = clock.format_instant(mail.finished_at or mail.created_at)
    return f"The mail server took it at {at}. What became of it then, its log tells."


def _why_pending(mail: DeliveryView, given: Circumstances) -> str:
    next_at = mail.next_attempt_at or given.now
    if given.is_suspended:
        uuid = mail.enterprise_uuid
        return f"It waits while the enterprise is suspended: bursar enterprise resume {uuid}"
    if mail.kind not in given.kinds:
        return "It waits for a worker of another version: this one knows no mail of its kind."
    if mail.leased_until is not None and mail.leased_until > given.now:
        return "A worker has taken it, and sends it now."
    if next_at > given.now:
        return (
            f"It is tried again at {clock.format_instant(next_at)}, "
            f"after {mail.attempts} attempts: {mail.error}"
        )
    due = f"It is due since {clock.format_instant(next_at)}. Is a worker running (bursar doctor)?"
    return due if given.has_server else f"{due} It will be kept only: BURSAR_SMTP_URL is empty."
