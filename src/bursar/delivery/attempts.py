"""Records attempts: the rows of mails and their domains' own records together, or neither."""

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Event
from typing import Final

import structlog
from sqlalchemy.orm import Session
from tenacity import (
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_attempt,
    wait_chain,
    wait_fixed,
)

from bursar import clock
from bursar.database.engine import DATABASE_AWAY, Database
from bursar.delivery import lease, recording
from bursar.delivery.channel import Attempt, AttemptOutcome, MailKind, QueuedDelivery
from bursar.delivery.models import Delivery, DeliveryStatus
from bursar.delivery.recording import Overtaken, counts
from bursar.delivery.rules import BACKOFF, pause_after, without_addresses

PAUSES: Final = (0.1, 0.5, 2.0, 5.0)
"""Seconds between attempts to record while the database is away, or while other workers take over
mails that are being recorded."""

_IS_PENDING: Final = Delivery.__table__.c.status == DeliveryStatus.PENDING.value
_log = structlog.get_logger(__name__)


class AttemptRecorder:
    """`at` is the instant at which attempts are recorded; None is now."""

    def __init__(
        self,
        database: Database,
        kinds: Mapping[str, MailKind],
        stopping: Event,
        *,
        at: datetime | None = None,
    ) -> None:
        self._database = database
        self._kinds = kinds
        self._stopping = stopping
        self._at = at

    def _now(self) -> datetime:
        return self._at or clock.now()

    def record(self, attempts: Sequence[Attempt], until: datetime) -> list[Attempt]:
        """Returns the attempts of mails that the lease still covers, as the database has them now.

        An attempt that its domain cannot record is put off, alone, and it is kept that its mail
        was sent. Raises SQLAlchemy's errors while the database is away; the mails come back when
        the lease ends.
        """
        if not attempts:
            return []
        try:
            return self._persistently(attempts, until)
        except Exception as error:
            if len(attempts) == 1:
                self._tell(attempts[0].delivery, error)
                return self.put_off(attempts, until)
            if isinstance(error, DATABASE_AWAY):
                raise
        return [done for attempt in attempts for done in self.record([attempt], until)]

    def put_off(self, attempts: Sequence[Attempt], until: datetime) -> list[Attempt]:
        """Plans another attempt for later, without telling the domain about this one."""
        later = [_put_off(attempt, self._now()) for attempt in attempts]
        with self._database.transaction() as session:
            recording.record(session, later, until)
        return later

    def drop(self, mails: Sequence[QueuedDelivery], reason: str, until: datetime) -> int:
        values = {
            "status": DeliveryStatus.DROPPED.value,
            "finished_at": self._now(),
            "claimed_until": None,
            "error": reason,
        }
        with self._database.transaction() as session:
            return lease.change(session, mails, until, values, _IS_PENDING)

    def _persistently(self, attempts: Sequence[Attempt], until: datetime) -> list[Attempt]:
        persistently = Retrying(
            retry=retry_if_exception_type((*DATABASE_AWAY, Overtaken)),
            wait=wait_chain(*map(wait_fixed, PAUSES)),
            stop=stop_after_attempt(len(PAUSES) + 1),
            sleep=sleep_using_event(self._stopping),
            reraise=True,
        )
        return persistently(self._record, attempts, until)

    def _record(self, attempts: Sequence[Attempt], until: datetime) -> list[Attempt]:
        with self._database.transaction() as session:
            found = lease.statuses(session, [attempt.delivery for attempt in attempts], until)
            mine = [each for each in attempts if counts(each, found.get(each.delivery.id))]
            # Domains come first: whoever enqueues mails has locked the domain's rows before them.
            self._tell_domains(session, mine)
            recording.write(session, mine, until)
        return mine

    def _tell_domains(self, session: Session, attempts: Sequence[Attempt]) -> None:
        # A domain hears of all its mails at once, so that it can lock its rows in its own order.
        heard: dict[Callable[..., None], list[Attempt]] = {}
        for name in self._kinds:
            for attempt in attempts:
                if attempt.delivery.kind == name:
                    heard.setdefault(self._kinds[name].record, []).append(attempt)
        for record, theirs in heard.items():
            record(session, theirs, self._now())

    def _tell(self, mail: QueuedDelivery, error: Exception) -> None:
        # A database's error quotes the statement's parameters, and those may be addresses.
        told = [without_addresses(line) for line in traceback.format_exception(error)[-3:]]
        _log.error("mail not recorded", kind=mail.kind, id=str(mail.uuid), error=told)


def _put_off(attempt: Attempt, now: datetime) -> Attempt:
    was_sent = attempt.outcome == AttemptOutcome.DELIVERED
    return replace(
        attempt,
        outcome=AttemptOutcome.RETRYING,
        error=lease.SENT_UNRECORDED if was_sent else attempt.error,
        next_at=now + (pause_after(attempt.delivery.attempts + 1) or BACKOFF[-1]),
    )
