"""Makes the past of mails: what came of attempts that were never made. Nothing is sent."""

from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Event
from typing import Final
from uuid import UUID

from bursar.database.engine import Database
from bursar.delivery import lease as leases
from bursar.delivery.attempts import AttemptRecorder
from bursar.delivery.channel import Attempt, MailKind, QueuedDelivery
from bursar.delivery.models import Channel
from bursar.delivery.rules import MARGIN

MOST_AT_ONCE: Final = 10_000


def record_past_attempts(
    database: Database,
    kinds: Mapping[str, MailKind],
    enterprise_uuid: UUID,
    attempt_of: Callable[[QueuedDelivery], Attempt],
    *,
    at: datetime,
) -> None:
    """Records an attempt at each mail of an enterprise that was due at an instant.

    `attempt_of` says what came of a mail. Domains hear of it as if it had happened at `at`. The
    mails are not filtered: all were wanted. It opens transactions of its own, as sending does.
    """
    names = list(kinds)
    with database.read() as connection:
        if not leases.is_any_due(connection, Channel.MAIL, at, kinds=names):
            return
    with database.transaction() as session:
        lease = leases.take(
            session, Channel.MAIL, at, duration=MARGIN, limit=MOST_AT_ONCE, kinds=names
        )
        ours = [mail for mail in lease.deliveries if mail.enterprise_uuid == enterprise_uuid]
        # What others have queued since is due for a clock that stands so far back, see
        # `rules.TOO_FAR_AHEAD`; it stays theirs.
        others = [mail for mail in (*lease.deliveries, *lease.sent) if mail not in ours]
        leases.release(session, others, lease.until)
    attempts = [attempt_of(mail) for mail in ours]
    AttemptRecorder(database, kinds, Event(), at=at).record(attempts, lease.until)
