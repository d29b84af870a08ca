"""Which mails are still to be sent, asked right before that."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from bursar import clock
from bursar.database.engine import DATABASE_AWAY, Database
from bursar.notifications import claims
from bursar.notifications.kinds import Attempt, MailKind, QueuedMail
from bursar.notifications.models import MailStatus
from bursar.notifications.rules import failed

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Sifted:
    wanted: list[QueuedMail] = field(default_factory=list)
    untrue: list[QueuedMail] = field(default_factory=list)
    undecided: list[Attempt] = field(default_factory=list)
    """The domain failed to answer: attempts of another time."""


class Sifter:
    def __init__(self, database: Database, kinds: Mapping[str, MailKind]) -> None:
        self._database = database
        self._kinds = kinds

    def sift(self, mails: Sequence[QueuedMail], until: datetime) -> Sifted:
        """Only of mails that still wait and that the claim still covers; others are left out."""
        with self._database.read() as connection, Session(connection) as session:
            found = claims.statuses(session, mails, until)
        by_kind: defaultdict[str, list[QueuedMail]] = defaultdict(list)
        for mail in mails:
            if found.get(mail.id) == MailStatus.PENDING:
                by_kind[mail.kind].append(mail)
        sifted = Sifted()
        for name, group in by_kind.items():
            self._sift(self._kinds[name], group, sifted)
        return sifted

    def _sift(self, kind: MailKind, mails: Sequence[QueuedMail], sifted: Sifted) -> None:
        try:
            wanted = self._ask(kind, mails)
        except DATABASE_AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - a domain's defect must not stop other mails
            if len(mails) == 1:
                sifted.undecided.append(_undecided(mails[0], error))
                return
            for mail in mails:
                self._sift(kind, [mail], sifted)
            return
        for mail in mails:
            (sifted.wanted if mail.uuid in wanted else sifted.untrue).append(mail)

    def _ask(self, kind: MailKind, mails: Sequence[QueuedMail]) -> set[UUID]:
        with self._database.read() as connection, Session(connection) as session:
            return kind.still_wanted(session, mails)


def _undecided(mail: QueuedMail, error: Exception) -> Attempt:
    reason = f"unknown whether it is still wanted: {type(error).__name__}: {error}"
    attempt = failed(mail, clock.now(), reason)
    _log.error("mail undecided", kind=mail.kind, id=str(mail.uuid), error=attempt.error)
    return attempt
