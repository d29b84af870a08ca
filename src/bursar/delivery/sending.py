"""Sends the mails that are due. Any number of workers may do so at once.

A worker leases some mails, by turns of their enterprises, sends each of them outside of any
transaction, and records what came of it. After a moment it gives back what it has not begun, and
takes turns anew. When a worker dies in between, its lease runs out: a mail may then be sent twice,
with the same Message-ID, but none is lost.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from time import monotonic
from typing import Final
from uuid import UUID

import structlog

from bursar import clock, tracing
from bursar.claims.links import LinkTo, no_links
from bursar.counting import MAIL_ATTEMPTS
from bursar.database.engine import Database
from bursar.delivery import lease as leases
from bursar.delivery import queries
from bursar.delivery.attempts import AttemptRecorder
from bursar.delivery.captured import captured
from bursar.delivery.channel import (
    Attempt,
    AttemptOutcome,
    MailKind,
    QueuedDelivery,
    Smtp,
    Transport,
)
from bursar.delivery.filter import Filter
from bursar.delivery.lease import Lease
from bursar.delivery.messages import Message, UnusableAddress, compose
from bursar.delivery.models import Channel
from bursar.delivery.rendering import render
from bursar.delivery.rules import KEPT, MARGIN, delivered, failed, without_addresses
from bursar.delivery.smtp import ANSWERS, Refused, ServerAway, SmtpConnection
from bursar.delivery.views import Correspondent
from bursar.smtp_url import Sender

BATCH: Final = 100
"""How many mails a worker leases at once to send them."""
KEPT_BATCH: Final = 1_000
"""The same where mails are only kept, so that nothing takes time but the database."""
TURN_SECONDS: Final = 2.0
"""After so long, what was leased and not begun is given back and turns are taken anew, so that a
mail of another enterprise never waits for a whole batch."""
_SENT_BEFORE: Final = "sent by the attempt before, and recorded by this one"

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
    link_to: LinkTo = no_links,
    folder: str = "",
) -> DeliveryCounts:
    """Delivers what is due, until nothing due is left or `stopping` is set.

    `link_to` makes the links with which learners claim what a mail is about. Mails of other kinds
    stay where they are. `folder` is the one with the
    installation's own templates. Raises SQLAlchemy's errors while the database is away.
    """
    counts = DeliveryCounts()
    stopping = stopping or Event()
    if not kinds:
        return counts
    with ExitStack() as stack:
        if isinstance(transport, Smtp):
            longest = ANSWERS * transport.timeout
            mails = _Mails(database, kinds, counts, stopping, timedelta(seconds=longest) + MARGIN)
            connection = SmtpConnection(transport.server, transport.timeout, longest)
            stack.enter_context(connection)
            writer = _Writer(kinds, transport.sender, link_to, folder)
            _Sending(mails, connection, writer, longest).run()
        else:
            _keep_all(_Mails(database, kinds, counts, stopping, MARGIN))
    return counts


class _Mails:
    """Leases, filters and records the mails that are due, and counts the outcomes."""

    def __init__(
        self,
        database: Database,
        kinds: Mapping[str, MailKind],
        counts: DeliveryCounts,
        stopping: Event,
        duration: timedelta,
    ) -> None:
        self.stopping = stopping
        self._duration = duration
        self.kinds = kinds
        self._database = database
        self._counts = counts
        self._recorder = AttemptRecorder(database, kinds, stopping)
        self._filter = Filter(database, kinds)

    def lease(self, limit: int, *, after: UUID | None = None) -> Lease | None:
        """None when nothing is due, or the worker is stopping."""
        if self.stopping.is_set():
            return None
        names, now = list(self.kinds), clock.now()
        with self._database.read() as connection:
            # Most of the time nothing is due, and SQLite's only writer need not be disturbed.
            if not leases.is_any_due(connection, Channel.MAIL, now, kinds=names):
                return None
        with self._database.transaction() as session:
            lease = leases.take(
                session,
                Channel.MAIL,
                now,
                duration=self._duration,
                limit=limit,
                kinds=names,
                after=after,
            )
        if lease.is_empty:
            return None
        self.record(lease, [delivered(mail, now, answer=_SENT_BEFORE) for mail in lease.sent])
        return lease

    def still_wanted(self, lease: Lease, mails: Sequence[QueuedDelivery]) -> list[QueuedDelivery]:
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
                    kind=attempt.delivery.kind,
                    id=str(attempt.delivery.uuid),
                    outcome=attempt.outcome.value,
                    error=attempt.error,
                )

    def release(self, lease: Lease, mails: Sequence[QueuedDelivery]) -> None:
        if mails:
            with self._database.transaction() as session:
                leases.release(session, mails, lease.until)

    def enterprises_of(self, mails: Sequence[QueuedDelivery]) -> Mapping[UUID, Correspondent]:
        with self._database.read() as connection:
            return queries.correspondents(connection, {mail.enterprise_uuid for mail in mails})

    def bouncing_among(self, mails: Sequence[QueuedDelivery]) -> set[UUID]:
        with self._database.read() as connection:
            return queries.bouncing_among(connection, {mail.enterprise_uuid for mail in mails})

    def _count(self, attempts: Iterable[Attempt]) -> None:
        for attempt in attempts:
            name = attempt.outcome.value
            setattr(self._counts, name, getattr(self._counts, name) + 1)
            MAIL_ATTEMPTS.labels(name).inc()


def _keep_all(mails: _Mails) -> None:
    while lease := mails.lease(KEPT_BATCH):
        now = clock.now()
        wanted = mails.still_wanted(lease, lease.deliveries)
        bouncing = mails.bouncing_among(wanted)
        mails.record(
            lease,
            [
                captured(mail, now, bounces=True)
                if mail.enterprise_uuid in bouncing
                else delivered(mail, now, answer=KEPT)
                for mail in wanted
            ],
        )


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes mails as they are sent."""

    kinds: Mapping[str, MailKind]
    sender: Sender
    link_to: LinkTo
    folder: str

    def written(self, mail: QueuedDelivery, enterprise: Correspondent) -> Message:
        kind = self.kinds[mail.kind]
        claim = kind.claim_of(mail.subject_uuid, mail.created_at)
        # The link is in the mail alone: what is stored of it could open no page.
        link = None if claim is None else self.link_to(claim)
        reader = kind.reads(enterprise)
        rendered = render(kind.templates, mail.kind, reader, mail.context, link, folder=self.folder)
        return compose(mail, rendered, enterprise, self.sender, clock.now())


class _Sending:
    """Sends mails one after the other over one connection."""

    def __init__(
        self,
        mails: _Mails,
        connection: SmtpConnection,
        writer: "_Writer",
        longest: float,
    ) -> None:
        self._mails = mails
        self._connection = connection
        self._writer = writer
        self._longest = longest
        self._limit = BATCH
        self._served: UUID | None = None
        """The enterprise whose turn was the last one."""

    def run(self) -> None:
        while lease := self._mails.lease(self._limit, after=self._served):
            self._send_each(lease)

    def _send_each(self, lease: Lease) -> None:
        mails, enterprises = self._mails, self._mails.enterprises_of(lease.deliveries)
        waiting = deque(lease.deliveries)
        while waiting and not mails.stopping.is_set():
            mail = waiting.popleft()
            self._served = mail.enterprise_uuid
            if mails.still_wanted(lease, [mail]):
                try:
                    attempt = self._attempt(mail, enterprises[mail.enterprise_uuid])
                except ServerAway as error:
                    self._give_back(lease, [mail, *waiting], error)
                    return
                mails.record(lease, [attempt])
            if self._is_over(lease):
                break
        mails.release(lease, list(waiting))
        # While the server is slow, no more is leased than what is soon begun.
        done = len(lease.deliveries) - len(waiting)
        self._limit = min(BATCH, 2 * done) if waiting and done else BATCH

    def _is_over(self, lease: Lease) -> bool:
        lasted = monotonic() - lease.taken
        return lasted >= TURN_SECONDS or not lease.has_room_for(self._longest)

    def _attempt(self, mail: QueuedDelivery, enterprise: Correspondent) -> Attempt:
        """Raises ServerAway."""
        with tracing.span(f"mail {mail.kind}", "client") as span:
            attempt = self._attempt_untraced(mail, enterprise)
            span.note("bursar.outcome", attempt.outcome.value)
            if attempt.outcome != AttemptOutcome.DELIVERED:
                span.fail(attempt.outcome.value)
            return attempt

    def _attempt_untraced(self, mail: QueuedDelivery, enterprise: Correspondent) -> Attempt:
        if enterprise.is_sandbox:
            return captured(mail, clock.now(), bounces=enterprise.is_bouncing)
        begun = monotonic()
        try:
            reply = self._connection.send(self._writer.written(mail, enterprise))
        except Refused as error:
            return _refused(mail, error, monotonic() - begun)
        except UnusableAddress as error:
            return failed(mail, clock.now(), str(error), for_good=True)
        except ServerAway:
            raise
        except Exception as error:  # noqa: BLE001 - one mail's defect must not stop the others
            reason = f"it could not be written: {type(error).__name__}: {error}"
            return failed(mail, clock.now(), reason)
        seconds = monotonic() - begun
        return delivered(mail, clock.now(), status=reply.status, answer=reply.text, seconds=seconds)

    def _give_back(self, lease: Lease, mails: Sequence[QueuedDelivery], error: ServerAway) -> None:
        """Counts as one attempt at every mail, so that no mail makes us connect again in vain."""
        now, reason = clock.now(), str(error)
        wanted = self._mails.still_wanted(lease, mails)
        self._mails.record(lease, [failed(mail, now, reason) for mail in wanted], quietly=True)
        _log.warning("mail server away", mails=len(wanted), error=without_addresses(reason))


def _refused(mail: QueuedDelivery, refusal: Refused, seconds: float) -> Attempt:
    return failed(
        mail,
        clock.now(),
        str(refusal),
        for_good=refusal.for_good,
        status=refusal.status,
        answer=str(refusal),
        seconds=seconds,
    )
