"""Sends the mails that are due. Any number of workers may do so at once.

A worker leases some mails, sends each of them outside of any transaction, and records what came of
it. When a worker dies in between, its lease runs out: a mail may then be sent twice, with the same
Message-ID, but none is lost.
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

from bursar import clock, tracing
from bursar.counting import MAIL_ATTEMPTS
from bursar.database.engine import Database
from bursar.delivery import lease as leases
from bursar.delivery import queries
from bursar.delivery.attempts import AttemptRecorder
from bursar.delivery.channel import Attempt, AttemptOutcome, MailKind, QueuedMail, Smtp, Transport
from bursar.delivery.filter import Filter
from bursar.delivery.heartbeat import repeatedly
from bursar.delivery.lease import Lease
from bursar.delivery.messages import Message, UnusableAddress, compose
from bursar.delivery.rendering import render
from bursar.delivery.rules import LEASE, delivered, failed, without_addresses
from bursar.delivery.smtp import Refused, ServerAway, SmtpConnection
from bursar.delivery.views import Correspondent
from bursar.smtp_url import Sender

BATCH: Final = 100
"""How many mails a worker leases at once to send them."""
KEPT_BATCH: Final = 1_000
"""The same where mails are only kept, so that nothing takes time but the database."""
_RENEWAL_SECONDS: Final = LEASE.total_seconds() / 4

_log = structlog.get_logger(__name__)


@dataclass
class DeliveryCounts:
    """How many mails fared how."""

    delivered: int = 0
    retrying: int = 0
    failed: int = 0
    dropped: int = 0


def deliver_due(
    database: Database,
    transport: Transport,
    kinds: Mapping[str, MailKind],
    *,
    stopping: Event | None = None,
) -> DeliveryCounts:
    """Delivers what is due, until nothing due is left or `stopping` is set.

    Mails of other kinds stay where they are. Raises SQLAlchemy's errors while the database is away.
    """
    counts = DeliveryCounts()
    stopping = stopping or Event()
    if not kinds:
        return counts
    with ExitStack() as stack:
        mails = _Mails(database, kinds, counts, stopping)
        if isinstance(transport, Smtp):
            connection = SmtpConnection(transport.server, transport.timeout)
            _Sending(mails, stack.enter_context(connection), transport.sender).run()
        else:
            _keep_all(mails)
    return counts


class _Mails:
    """Leases, filters and records the mails that are due, and counts the outcomes."""

    def __init__(
        self,
        database: Database,
        kinds: Mapping[str, MailKind],
        counts: DeliveryCounts,
        stopping: Event,
    ) -> None:
        self.stopping = stopping
        self.kinds = kinds
        self._database = database
        self._counts = counts
        self._recorder = AttemptRecorder(database, kinds, stopping)
        self._filter = Filter(database, kinds)

    def lease(self, limit: int) -> Lease | None:
        """None when nothing is due, or the worker is stopping."""
        if self.stopping.is_set():
            return None
        names, now = list(self.kinds), clock.now()
        with self._database.read() as connection:
            # Most of the time nothing is due, and SQLite's only writer need not be disturbed.
            if not leases.is_any_due(connection, names, now):
                return None
        with self._database.transaction() as session:
            lease = leases.take(session, names, now, LEASE, limit)
        if lease.is_empty:
            return None
        self.record(lease, [delivered(mail, now) for mail in lease.sent])
        return lease

    def still_wanted(self, lease: Lease, mails: Sequence[QueuedMail]) -> list[QueuedMail]:
        """Drops the mails that are no longer true, and puts off those that nobody can judge."""
        filtered = self._filter.apply(mails, lease.until)
        for reason, untrue in filtered.untrue.items():
            self._counts.dropped += self._recorder.drop(untrue, reason, lease.until)
        if filtered.undecided:
            self._count(self._recorder.put_off(filtered.undecided, lease.until))
        return filtered.wanted

    def record(self, lease: Lease, attempts: Sequence[Attempt], *, quietly: bool = False) -> None:
        recorded = self._recorder.record(attempts, lease.until)
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

    def renew(self, lease: Lease, mails: Sequence[QueuedMail]) -> None:
        with self._database.transaction() as session:
            leases.renew(session, lease, mails, clock.now() + LEASE)

    def release(self, lease: Lease, mails: Sequence[QueuedMail]) -> None:
        if mails:
            with self._database.transaction() as session:
                leases.release(session, mails, lease.until)

    def enterprises_of(self, mails: Sequence[QueuedMail]) -> Mapping[UUID, Correspondent]:
        with self._database.read() as connection:
            return queries.correspondents(connection, {mail.enterprise_uuid for mail in mails})

    def _count(self, attempts: Iterable[Attempt]) -> None:
        for attempt in attempts:
            name = attempt.outcome.value
            setattr(self._counts, name, getattr(self._counts, name) + 1)
            MAIL_ATTEMPTS.labels(name).inc()


def _keep_all(mails: _Mails) -> None:
    while lease := mails.lease(KEPT_BATCH):
        now = clock.now()
        wanted = mails.still_wanted(lease, lease.mails)
        mails.record(lease, [delivered(mail, now) for mail in wanted])


class _Sending:
    """Sends mails one after the other over one connection."""

    def __init__(self, mails: _Mails, connection: SmtpConnection, sender: Sender) -> None:
        self._mails = mails
        self._connection = connection
        self._sender = sender

    def run(self) -> None:
        while lease := self._mails.lease(BATCH):
            self._send_each(lease)

    def _send_each(self, lease: Lease) -> None:
        mails, enterprises = self._mails, self._mails.enterprises_of(lease.mails)
        waiting = deque(lease.mails)
        while waiting and not mails.stopping.is_set():
            # Enough of the lease is left whenever a mail is begun.
            if monotonic() - lease.renewed > _RENEWAL_SECONDS:
                mails.renew(lease, list(waiting))
            mail = waiting.popleft()
            if not mails.still_wanted(lease, [mail]):
                continue
            try:
                # A server may take longer to answer than the lease lasts.
                with repeatedly(_RENEWAL_SECONDS, partial(mails.renew, lease, [mail, *waiting])):
                    attempt = self._attempt(mail, enterprises[mail.enterprise_uuid])
            except ServerAway as error:
                self._give_back(lease, [mail, *waiting], error)
                return
            mails.record(lease, [attempt])
        mails.release(lease, list(waiting))

    def _attempt(self, mail: QueuedMail, enterprise: Correspondent) -> Attempt:
        """Raises ServerAway."""
        with tracing.span(f"mail {mail.kind}", "client") as span:
            attempt = self._attempt_untraced(mail, enterprise)
            span.note("bursar.outcome", attempt.outcome.value)
            if attempt.outcome != AttemptOutcome.DELIVERED:
                span.fail(attempt.outcome.value)
            return attempt

    def _attempt_untraced(self, mail: QueuedMail, enterprise: Correspondent) -> Attempt:
        try:
            self._connection.send(self._written(mail, enterprise))
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
        templates = self._mails.kinds[mail.kind].templates
        rendered = render(templates, mail.kind, enterprise, mail.context)
        return compose(mail, rendered, enterprise, self._sender, clock.now())

    def _give_back(self, lease: Lease, mails: Sequence[QueuedMail], error: ServerAway) -> None:
        """Counts as one attempt at every mail, so that no mail makes us connect again in vain."""
        now, reason = clock.now(), str(error)
        wanted = self._mails.still_wanted(lease, mails)
        self._mails.record(lease, [failed(mail, now, reason) for mail in wanted], quietly=True)
        _log.warning("mail server away", mails=len(wanted), error=without_addresses(reason))
