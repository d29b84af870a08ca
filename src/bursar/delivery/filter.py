"""The filter: asks right before sending which mails are still to be sent."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from bursar import clock
from bursar.database.engine import DATABASE_AWAY, Database
from bursar.delivery import lease
from bursar.delivery.channel import Attempt, MailKind, QueuedDelivery
from bursar.delivery.models import DeliveryStatus
from bursar.delivery.rules import failed
from bursar.identity.service import suspended_among

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Filtered:
    wanted: list[QueuedDelivery] = field(default_factory=list)
    untrue: dict[str, list[QueuedDelivery]] = field(default_factory=dict)
    """By the reason for which they are dropped."""
    undecided: list[Attempt] = field(default_factory=list)
    """Mails about which the domain failed to answer, as failed attempts."""


class Filter:
    def __init__(self, database: Database, kinds: Mapping[str, MailKind]) -> None:
        self._database = database
        self._kinds = kinds

    def apply(self, mails: Sequence[QueuedDelivery], until: datetime) -> Filtered:
        """Sorts the mails that are still pending and that the lease still covers.

        All other mails are in none of the lists.
        """
        with self._database.read() as connection, Session(connection) as session:
            found = lease.statuses(session, mails, until)
            suspended = suspended_among(connection, {mail.enterprise_uuid for mail in mails})
        by_kind: defaultdict[str, list[QueuedDelivery]] = defaultdict(list)
        for mail in mails:
            if mail.enterprise_uuid in suspended:
                continue
            if found.get(mail.id) == DeliveryStatus.PENDING:
                by_kind[mail.kind].append(mail)
        filtered = Filtered()
        for name, group in by_kind.items():
            self._apply(self._kinds[name], group, filtered)
        return filtered

    def _apply(self, kind: MailKind, mails: Sequence[QueuedDelivery], filtered: Filtered) -> None:
        try:
            with self._database.read() as connection, Session(connection) as session:
                untrue = kind.why_untrue(session, mails)
        except DATABASE_AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - a domain's defect must not stop other mails
            if len(mails) == 1:
                filtered.undecided.append(_undecided(mails[0], error))
                return
            for mail in mails:
                self._apply(kind, [mail], filtered)
            return
        for mail in mails:
            reason = untrue.get(mail.uuid)
            among = filtered.wanted if reason is None else filtered.untrue.setdefault(reason, [])
            among.append(mail)


def _undecided(mail: QueuedDelivery, error: Exception) -> Attempt:
    reason = f"unknown whether it is still wanted: {type(error).__name__}: {error}"
    attempt = failed(mail, clock.now(), reason)
    _log.error("mail undecided", kind=mail.kind, id=str(mail.uuid), error=attempt.error)
    return attempt
