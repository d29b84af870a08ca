"""Imports files of reported enrolments: streamed, a batch a transaction, resumable."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.batches import batched
from bursar.catalog.imports.files import Rejected, StrictFailure
from bursar.database.bulk import bulk_upsert
from bursar.database.engine import Database
from bursar.database.retries import with_retries
from bursar.enrollment.models import EnrollmentImport
from bursar.enrollment.progress.entries import Entry, Told, read_entries
from bursar.enrollment.progress.service import BATCH, Stored, store_reported

ATTEMPTS: Final = 5

_imports: Final = EnrollmentImport.__table__.c


@dataclass(frozen=True, slots=True)
class Listener:
    """Told of what happens; `progress` of the offset reached."""

    rejected: Rejected
    left_aside: Told
    progress: Callable[[int], None]


@dataclass(slots=True)
class FileReport:
    stored: Stored = field(default_factory=Stored)
    rejected: int = 0
    resumed_at: int = 0
    """The line it went on at, 0 for a fresh start."""


def import_file(
    database: Database, actor: Actor, path: Path, enterprise_uuid: UUID, listener: Listener
) -> FileReport:
    """Bad lines are told and left out. What a killed import had committed is not done again.

    Raises UnreadableFile.
    """
    report = FileReport()
    identity = _identity(path, enterprise_uuid)
    with database.read() as connection:
        place = connection.execute(
            select(_imports.byte_offset, _imports.line).where(*_is(identity))
        ).first()
    offset, number = place or (0, 0)
    report.resumed_at = number + 1 if number else 0
    listener.progress(offset)
    entries = read_entries(path, listener.left_aside, offset, number)
    for batch in _ahead(batched(entries, BATCH)):
        _tell(batch, report, listener.rejected)
        report.stored += _stored_with_retries(database, actor, identity, batch)
        listener.progress(batch[-1].end)
    with database.transaction() as session:
        session.execute(delete(EnrollmentImport).where(*_is(identity)))
    return report


def import_file_strictly(
    session: Session, actor: Actor, path: Path, enterprise_uuid: UUID, listener: Listener
) -> FileReport:
    """All of the file in the caller's transaction. Raises StrictFailure at the first bad line,
    and UnreadableFile."""
    report = FileReport()
    for batch in batched(read_entries(path, listener.left_aside), BATCH):
        bad = next((entry for entry in batch if entry.row is None), None)
        if bad is not None:
            raise StrictFailure(bad.number, bad.problem)
        report.stored += _store(session, actor, enterprise_uuid, batch)
        listener.progress(batch[-1].end)
    return report


def _identity(path: Path, enterprise_uuid: UUID) -> dict[str, Any]:
    """This file as it is now: changed since, it is another file and starts anew."""
    state = path.stat()
    return {
        "enterprise_uuid": enterprise_uuid,
        "source": str(path.resolve()),
        "size": state.st_size,
        "modified_ns": state.st_mtime_ns,
    }


def _is(identity: dict[str, Any]) -> list[Any]:
    return [_imports[name] == value for name, value in identity.items()]


def _ahead(batches: Iterator[list[Entry]]) -> Iterator[list[Entry]]:
    """The next one is read while the database takes one."""
    with ThreadPoolExecutor(1, thread_name_prefix="bursar-parse") as thread:
        pending = thread.submit(next, batches, None)
        while (batch := pending.result()) is not None:
            pending = thread.submit(next, batches, None)
            yield batch


def _tell(batch: list[Entry], report: FileReport, rejected: Rejected) -> None:
    for entry in batch:
        if entry.row is None:
            report.rejected += 1
            rejected(entry.number, entry.problem)


def _stored_with_retries(
    database: Database, actor: Actor, identity: dict[str, Any], batch: list[Entry]
) -> Stored:
    def store() -> Stored:
        with database.transaction() as session:
            stored = _store(session, actor, identity["enterprise_uuid"], batch)
            _remember(session, identity, batch[-1])
        return stored

    return with_retries(store, ATTEMPTS)


def _store(session: Session, actor: Actor, enterprise_uuid: UUID, batch: list[Entry]) -> Stored:
    rows = [entry.row for entry in batch if entry.row is not None]
    return store_reported(session, actor, enterprise_uuid, rows, clock.now())


def _remember(session: Session, identity: dict[str, Any], last: Entry) -> None:
    """Of two imports of one file at once either may have come further: what lies before the
    place that is kept has been stored in any case."""
    row = identity | {
        "byte_offset": last.end,
        "line": last.last,
        "started_at": clock.now(),
    }
    bulk_upsert(
        session,
        EnrollmentImport,
        [row],
        lambda refused: {"byte_offset": refused.byte_offset, "line": refused.line},
    )
