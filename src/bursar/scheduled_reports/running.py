"""Makes and sends the runs that are planned. Any number of workers may do so at once.

A worker leases what is due of one run, makes its file once, sends it to each recipient outside of
any transaction, and records what came of it. When a worker dies in between, its lease runs out: a
file may then be sent twice, but none is lost.
"""

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Final, Protocol
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_chain,
    wait_fixed,
)

from bursar import clock, tracing
from bursar.catalog.listings.service import Look
from bursar.database.engine import DATABASE_AWAY, Database
from bursar.delivery.service import (
    Attempt,
    AttemptOutcome,
    Channel,
    DeliveryStatus,
    Lease,
    QueuedDelivery,
    delivered,
    failed,
    is_any_due,
    record,
    release,
    statuses_of,
    take,
    take_of_subject,
)
from bursar.identity.sealing import Seal, SealedText
from bursar.identity.service import EnterpriseView, find_enterprises
from bursar.scheduled_reports.commands import (
    WANTED,
    Destination,
    MailTo,
    ReportFormat,
    ReportKind,
    SftpTo,
    Wanted,
)
from bursar.scheduled_reports.destinations import destination_of
from bursar.scheduled_reports.encryption import encrypted
from bursar.scheduled_reports.models import Report, ReportRun, RunStatus
from bursar.scheduled_reports.sources import Asked, content_of
from bursar.scheduled_reports.spooling import NotSpooled, private_folder, spool

MAKING_SECONDS: Final = 1200.0
SENDING_SECONDS: Final = 1200.0
LEASE: Final = timedelta(seconds=MAKING_SECONDS + SENDING_SECONDS + 120)
"""Longer than the longest attempt, so that it need not be renewed."""
PAUSES: Final = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60, 240, 720))
"""After the first failure, the second and so on. One more gives up."""
GONE: Final = "the report is no longer declared"
_SENT_BEFORE: Final = "sent by the attempt before, and recorded by this one"
_NAMED: Final = {"csv": "text/csv", "ndjson": "application/x-ndjson", "json": "application/json"}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MadeFile:
    """What is sent. `name` is that which recipients see."""

    path: Path
    name: str
    size: int
    media_type: str
    is_encrypted: bool
    report_name: str
    planned_at: datetime


class Mailing(Protocol):
    """Sends files by mail, within SENDING_SECONDS."""

    def __call__(
        self, delivery: QueuedDelivery, enterprise: EnterpriseView, file: MadeFile
    ) -> Attempt: ...


@dataclass(frozen=True, slots=True)
class Means:
    """What an installation makes and sends reports with."""

    seal: Seal
    mail: Mailing
    root_url: str
    """The beginning of absolute links in reports."""
    look: Look
    """Of documents of catalogs."""
    spool_folder: str
    """Where files are made; empty: where this machine has its temporary files."""


@dataclass
class ReportCounts:
    """How many deliveries fared how."""

    delivered: int = 0
    retrying: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class _Run:
    uuid: UUID
    planned_at: datetime
    name: str
    what: ReportKind
    form: ReportFormat
    wanted: Wanted
    to: Destination
    pgp_public_key: str | None
    enterprise: EnterpriseView


def send_due(database: Database, means: Means, stopping: Event | None = None) -> ReportCounts:
    """Sends what is due, run by run, until nothing is left or `stopping` is set."""
    counts = ReportCounts()
    while not (stopping is not None and stopping.is_set()):
        lease = take_next(database, clock.now())
        if lease is None:
            break
        send_run(database, means, lease, counts)
    return counts


def send_now(database: Database, means: Means, run_uuid: UUID) -> ReportCounts:
    """Sends what nobody else has of one run, whenever it is due."""
    counts, now = ReportCounts(), clock.now()
    with database.transaction() as session:
        lease = take_of_subject(
            session, Channel.REPORT, run_uuid, now, duration=LEASE, is_due=False
        )
    if not lease.is_empty:
        send_run(database, means, lease, counts)
    return counts


def is_any_to_send(database: Database, now: datetime) -> bool:
    """Reads only."""
    with database.read() as connection:
        return is_any_due(connection, Channel.REPORT, now)


def take_next(database: Database, now: datetime) -> Lease | None:
    """All that is due of one run. Nobody else gets anything of the same report meanwhile."""
    if not is_any_to_send(database, now):
        return None
    with database.transaction() as session:
        lease = take(session, Channel.REPORT, now, duration=LEASE, limit=1, per_target=1)
        if lease.is_empty:
            return None
        first = (*lease.deliveries, *lease.sent)[0]
        others = take_of_subject(session, Channel.REPORT, first.subject_uuid, now, duration=LEASE)
    lease.deliveries += others.deliveries
    lease.sent += others.sent
    return lease


def send_run(database: Database, means: Means, lease: Lease, counts: ReportCounts) -> None:
    """Makes the file of a leased run, sends it, and records each attempt as soon as it is over."""
    recording = _Recording(database, lease, counts)
    recording.keep([delivered(each, clock.now(), answer=_SENT_BEFORE) for each in lease.sent])
    if not lease.deliveries:
        return
    kind = lease.deliveries[0].kind
    with tracing.span(f"report {kind}", "client") as span:
        try:
            _make_and_send(database, means, lease, recording)
        except (NotSpooled, SealedText) as error:
            recording.fail_rest(str(error))
            span.fail(type(error).__name__)
        except _Unrecorded:
            raise
        except DATABASE_AWAY as error:
            recording.fail_rest("the database could not be read")
            span.fail(type(error).__name__)
        except Exception as error:  # noqa: BLE001 - a defect of one report must not stop the others
            # What the error says may quote rows, and those are people.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{frame.filename}:{frame.lineno}"
            _log.error("report not made", kind=kind, error=type(error).__name__, place=place)
            recording.fail_rest(f"it could not be made: {type(error).__name__}")
            span.fail(type(error).__name__)


def _make_and_send(database: Database, means: Means, lease: Lease, recording: "_Recording") -> None:
    run = _read(database, means.seal, lease.deliveries[0])
    if run is None:
        recording.fail_rest(GONE, for_good=True)
        return
    with _made(database, means, run) as file:
        recording.size = file.size
        for delivery in lease.deliveries:
            if not lease.has_room_for(SENDING_SECONDS):
                break
            recording.keep([_attempt(means, run, file, delivery)])
    recording.give_back()


def _read(database: Database, seal: Seal, delivery: QueuedDelivery) -> _Run | None:
    """None when the report is gone. Raises SealedText."""
    joined = select(Report, ReportRun).join(ReportRun, ReportRun.report_uuid == Report.uuid)
    with database.read() as connection, Session(connection) as session:
        found = session.execute(joined.where(ReportRun.uuid == delivery.subject_uuid)).first()
        if found is None:
            return None
        report, run = found
        enterprise = find_enterprises(connection, [report.enterprise_uuid])[report.enterprise_uuid]
        what = ReportKind(report.what)
        secret = None if report.secret is None else seal.open_text(report.secret)
        return _Run(
            uuid=run.uuid,
            planned_at=run.planned_at,
            name=report.name,
            what=what,
            form=ReportFormat(report.format),
            wanted=msgspec.convert(report.selection, WANTED[what]),
            to=destination_of(report.destination, secret),
            pgp_public_key=report.pgp_public_key,
            enterprise=enterprise,
        )


@contextmanager
def _made(database: Database, means: Means, run: _Run) -> Iterator[MadeFile]:
    """Raises NotSpooled."""
    with private_folder(means.spool_folder) as folder:
        path = folder / file_name(run.enterprise.slug, run.name, run.planned_at, run.form)
        now = clock.now()
        asked = Asked(run.enterprise.uuid, run.enterprise.name, now, means.root_url, means.look)
        with database.snapshot() as connection:
            parts = content_of(connection, asked, run.wanted, run.form)
            spool(parts, path, seconds=MAKING_SECONDS)
        media_type = _NAMED[run.form]
        if run.pgp_public_key is not None:
            path, media_type = encrypted(path, run.pgp_public_key), "application/octet-stream"
        yield MadeFile(
            path=path,
            name=path.name,
            size=path.stat().st_size,
            media_type=media_type,
            is_encrypted=run.pgp_public_key is not None,
            report_name=run.name,
            planned_at=run.planned_at,
        )


def file_name(slug: str, report_name: str, planned_at: datetime, form: ReportFormat) -> str:
    """Such as `acme-progress-20260301T053000Z.csv`: the same for each attempt of a run."""
    return f"{slug}-{report_name.replace(' ', '_')}-{planned_at:%Y%m%dT%H%M%SZ}.{form.value}"


def _attempt(means: Means, run: _Run, file: MadeFile, delivery: QueuedDelivery) -> Attempt:
    match run.to:
        case MailTo():
            return means.mail(delivery, run.enterprise, file)
        case SftpTo():
            return _uploaded(run.to, file, delivery)


def _uploaded(to: SftpTo, file: MadeFile, delivery: QueuedDelivery) -> Attempt:
    # The library is slow to import, and only for reports by SFTP.
    from bursar.scheduled_reports.sftp import NotSent, upload  # noqa: PLC0415

    begun = monotonic()
    try:
        answer = upload(to, file.path, file.name, seconds=SENDING_SECONDS)
    except NotSent as error:
        return failed(
            delivery,
            clock.now(),
            str(error),
            for_good=error.for_good,
            pauses=PAUSES,
            answer=str(error),
            seconds=monotonic() - begun,
        )
    return delivered(delivery, clock.now(), answer=answer, seconds=monotonic() - begun)


class _Unrecorded(Exception):
    """What came of an attempt could not be written. It comes back when the lease ends."""


_persistently: Final = Retrying(
    retry=retry_if_exception_type(DATABASE_AWAY),
    wait=wait_chain(*map(wait_fixed, (0.1, 0.5, 2.0, 5.0))),
    stop=stop_after_attempt(5),
    reraise=True,
)


class _Recording:
    """Records attempts at the deliveries of a leased run, and what has become of the run."""

    def __init__(self, database: Database, lease: Lease, counts: ReportCounts) -> None:
        self._database = database
        self._lease = lease
        self._counts = counts
        self._left = {delivery.id: delivery for delivery in lease.deliveries}
        self.size: int | None = None

    def keep(self, attempts: Sequence[Attempt]) -> None:
        if not attempts:
            return
        run_uuid = attempts[0].delivery.subject_uuid
        try:
            recorded = _persistently(self._recorded, run_uuid, attempts)
        except DATABASE_AWAY as error:
            raise _Unrecorded from error
        for attempt in attempts:
            self._left.pop(attempt.delivery.id, None)
        for attempt in recorded:
            self._count(attempt)

    def fail_rest(self, reason: str, *, for_good: bool = False) -> None:
        now = clock.now()
        self.keep(
            [
                failed(delivery, now, reason, for_good=for_good, pauses=PAUSES)
                for delivery in self._left.values()
            ]
        )

    def give_back(self) -> None:
        """What was not begun, because there was no room for it in the lease."""
        if self._left:
            with self._database.transaction() as session:
                release(session, list(self._left.values()), self._lease.until)

    def _recorded(self, run_uuid: UUID, attempts: Sequence[Attempt]) -> list[Attempt]:
        with self._database.transaction() as session:
            run = session.get(ReportRun, run_uuid, with_for_update=True, populate_existing=True)
            recorded = record(session, attempts, self._lease.until)
            if run is not None and recorded:
                self._settle(session, run, recorded)
        return recorded

    def _settle(self, session: Session, run: ReportRun, recorded: Sequence[Attempt]) -> None:
        status = _status_of(statuses_of(session, run.uuid))
        last = recorded[-1]
        run.status = status.value
        run.finished_at = None if status is RunStatus.PENDING else last.at
        run.error = next((each.error for each in reversed(recorded) if each.error), None)
        run.size = self.size if self.size is not None else run.size

    def _count(self, attempt: Attempt) -> None:
        name = attempt.outcome.value
        setattr(self._counts, name, getattr(self._counts, name) + 1)
        if attempt.outcome != AttemptOutcome.DELIVERED:
            _log.warning(
                "report not sent",
                kind=attempt.delivery.kind,
                id=str(attempt.delivery.uuid),
                outcome=name,
                error=attempt.error,
            )


def _status_of(statuses: Sequence[DeliveryStatus]) -> RunStatus:
    """Of a run whose deliveries have these."""
    for status in (DeliveryStatus.PENDING, DeliveryStatus.FAILED, DeliveryStatus.DROPPED):
        if status in statuses:
            return RunStatus(status.value)
    return RunStatus.DELIVERED
