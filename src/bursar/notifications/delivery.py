"""Sends what is due. Any number of workers may do so at once.

A batch of mails is claimed, each is sent outside of any transaction, and what came of it is
recorded. A worker that dies in between leaves its claim to run out: a mail may then be sent
twice, with the same Message-ID, but none is lost.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from threading import Event
from time import monotonic
from typing import Final
from uuid import UUID

import structlog

from bursar import clock
from bursar.database.engine import Database
from bursar.notifications import claims, queries
from bursar.notifications.claims import Batch
from bursar.notifications.heartbeat import repeatedly
from bursar.notifications.kinds import Attempt, AttemptOutcome, MailKind, QueuedMail
from bursar.notifications.messages import Message, UnusableAddress, compose
from bursar.notifications.recording import Recorder
from bursar.notifications.rendering import Correspondent, render
from bursar.notifications.rules import LEASE, delivered, failed, without_addresses
from bursar.notifications.sifting import Sifter
from bursar.notifications.transport import Refused, ServerAway, Transport
from bursar.settings import Settings
from bursar.smtp_url import parse_sender, parse_smtp_url

BATCH: Final = 100
_RENEWAL_SECONDS: Final = LEASE.total_seconds() / 4
KEPT_BATCH: Final = 1_000
"""Without a mail server, where nothing takes time but the database."""

_log = structlog.get_logger(__name__)


@dataclass
class DeliveryCounts:
    delivered: int = 0
    retrying: int = 0
    failed: int = 0
    dropped: int = 0


def deliver_due(
    database: Database,
    settings: Settings,
    kinds: Mapping[str, MailKind],
    *,
    stopping: Event | None = None,
) -> DeliveryCounts:
    """Everything due now, in batches; returns when nothing due is left, or `stopping` is set.

    Mails of other kinds stay where they are. Without a mail server a mail counts as delivered
    because it is kept. Raises SQLAlchemy's errors while the database is away.
    """
    counts = DeliveryCounts()
    if not kinds:
        return counts
    with ExitStack() as stack:
        transport = None
        if settings.smtp_url:
            server = parse_smtp_url(settings.smtp_url)
            transport = stack.enter_context(Transport(server, settings.smtp_timeout))
        _Delivery(
            database,
            settings,
            kinds,
            stopping=stopping or Event(),
            transport=transport,
            counts=counts,
        ).run()
    return counts


class _Delivery:
    def __init__(
        self,
        database: Database,
        settings: Settings,
        kinds: Mapping[str, MailKind],
        *,
        stopping: Event,
        transport: Transport | None,
        counts: DeliveryCounts,
    ) -> None:
        self._database = database
        self._kinds = kinds
        self._stopping = stopping
        self._transport = transport
        self._counts = counts
        self._sender = parse_sender(settings.mail_from)
        self._recorder = Recorder(database, kinds, stopping)
        self._sifter = Sifter(database, kinds)

    def run(self) -> None:
        while not self._stopping.is_set():
            batch = self._claim()
            if batch.is_empty:
                return
            now = clock.now()
            self._record(batch, [delivered(mail, now) for mail in batch.sent])
            if self._transport is None:
                wanted = self._still_wanted(batch, batch.mails)
                self._record(batch, [delivered(mail, now) for mail in wanted])
            else:
                self._send_each(batch, self._transport)

    def _claim(self) -> Batch:
        names, now = list(self._kinds), clock.now()
        with self._database.read() as connection:  # SQLite's one writer is not disturbed
            if not claims.is_any_due(connection, names, now):
                return Batch(now)
        limit = KEPT_BATCH if self._transport is None else BATCH
        with self._database.transaction() as session:
            return claims.claim(session, names, now, LEASE, limit)

    def _send_each(self, batch: Batch, transport: Transport) -> None:
        enterprises = self._enterprises(batch.mails)
        waiting = deque(batch.mails)
        while waiting and not self._stopping.is_set():
            self._keep(batch, waiting)
            mail = waiting.popleft()
            if not self._still_wanted(batch, [mail]):
                continue
            try:
                # A server may take longer to answer than the claim lasts.
                with repeatedly(_RENEWAL_SECONDS, partial(self._extend, batch, [mail, *waiting])):
                    attempt = self._attempt(mail, enterprises[mail.enterprise_uuid], transport)
            except ServerAway as error:
                self._give_back(batch, [mail, *waiting], error)
                return
            self._record(batch, [attempt])
        self._release(batch, waiting)

    def _attempt(
        self, mail: QueuedMail, enterprise: Correspondent, transport: Transport
    ) -> Attempt:
        """Raises ServerAway."""
        try:
            transport.send(self._written(mail, enterprise))
        except Refused as error:
            return failed(mail, clock.now(), str(error), for_good=error.for_good)
        except UnusableAddress as error:
            return failed(mail, clock.now(), str(error), for_good=True)
        except ServerAway:
            raise
        except Exception as error:  # noqa: BLE001 - one mail's defect must not stop the others
            reason = f"it could not be written: {type(error).__name__}: {error}"
            return failed(mail, clock.now(), reason)
        return delivered(mail, clock.now())

    def _written(self, mail: QueuedMail, enterprise: Correspondent) -> Message:
        templates = self._kinds[mail.kind].templates
        rendered = render(templates, mail.kind, enterprise, mail.context)
        return compose(mail, rendered, enterprise, self._sender, clock.now())

    def _give_back(self, batch: Batch, mails: Sequence[QueuedMail], error: ServerAway) -> None:
        """Nobody connects again for each: it counts as one attempt of all."""
        now, reason = clock.now(), str(error)
        wanted = self._still_wanted(batch, mails)
        self._record(batch, [failed(mail, now, reason) for mail in wanted], quietly=True)
        _log.warning("mail server away", mails=len(wanted), error=without_addresses(reason))

    def _still_wanted(self, batch: Batch, mails: Sequence[QueuedMail]) -> list[QueuedMail]:
        """Drops the untrue ones, and puts off those that nobody can judge."""
        sifted = self._sifter.sift(mails, batch.until)
        if sifted.untrue:
            self._counts.dropped += self._recorder.drop(sifted.untrue, batch.until)
        if sifted.undecided:
            self._count(self._recorder.put_off(sifted.undecided, batch.until))
        return sifted.wanted

    def _record(self, batch: Batch, attempts: Sequence[Attempt], *, quietly: bool = False) -> None:
        recorded = self._recorder.record(attempts, batch.until)
        self._count(recorded)
        for attempt in () if quietly else recorded:
            if attempt.outcome != AttemptOutcome.DELIVERED:
                _log.warning(
                    "mail not sent",
                    kind=attempt.mail.kind,
                    id=str(attempt.mail.uuid),
                    outcome=attempt.outcome.value,
                    error=attempt.error,
                )

    def _count(self, attempts: Iterable[Attempt]) -> None:
        for attempt in attempts:
            name = attempt.outcome.value
            setattr(self._counts, name, getattr(self._counts, name) + 1)

    def _keep(self, batch: Batch, mails: Iterable[QueuedMail]) -> None:
        """Enough of the claim is left whenever a mail is begun."""
        if monotonic() - batch.since > _RENEWAL_SECONDS:
            self._extend(batch, list(mails))

    def _extend(self, batch: Batch, mails: Sequence[QueuedMail]) -> None:
        with self._database.transaction() as session:
            claims.extend(session, batch, mails, clock.now() + LEASE)

    def _release(self, batch: Batch, mails: Iterable[QueuedMail]) -> None:
        left = list(mails)
        if left:
            with self._database.transaction() as session:
                claims.release(session, left, batch.until)

    def _enterprises(self, mails: Sequence[QueuedMail]) -> Mapping[UUID, Correspondent]:
        with self._database.read() as connection:
            return queries.correspondents(connection, {mail.enterprise_uuid for mail in mails})
