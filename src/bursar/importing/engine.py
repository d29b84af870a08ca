"""Imports a file as a stream, in batches of one transaction each, and can resume it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Generic

from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.database.engine import Database
from bursar.database.retries import with_retries
from bursar.importing.bookmarks import Bookmark
from bursar.importing.records import (
    START,
    BadRecord,
    Entry,
    FileReport,
    Item,
    Listener,
    Place,
    Tally,
)

ATTEMPTS: Final = 5
"""How often a batch is tried when the database aborts it because of another transaction."""


@dataclass(frozen=True, slots=True)
class Import(Generic[Item]):
    """How one file is imported."""

    read: Callable[[Place], Iterator[Entry[Item]]]
    """Reads the records after a place. It runs in its own thread."""
    store: Callable[[Session, Sequence[Item]], Tally]
    """Stores a batch in the caller's transaction. It may be called again after a rollback."""
    batch: int
    listener: Listener


def import_resumably(database: Database, work: Import[Item], bookmark: Bookmark) -> FileReport:
    """Imports the file, and continues an earlier import that was stopped. Bad records are reported
    and skipped.

    A batch and the place after it are stored in one transaction, so that no record is lost or
    imported twice. Raises UnreadableFile.
    """
    report = FileReport()
    with database.read() as connection:
        place = bookmark.find(connection)
    report.resumed_at = place.line + 1 if place.line else 0
    work.listener.progress(place.offset)
    for batch in _read_ahead(batched(work.read(place), work.batch)):
        _tell_rejected(batch, report, work.listener)
        report.stored += _store_with_retries(database, work, bookmark, batch)
        work.listener.progress(batch[-1].end.offset)
    with database.transaction() as session:
        bookmark.remove(session)
    return report


def import_strictly(session: Session, work: Import[Item]) -> FileReport:
    """Imports the whole file in the caller's transaction.

    Raises BadRecord at the first bad record, and UnreadableFile.
    """
    report = FileReport()
    for batch in batched(work.read(START), work.batch):
        bad = next((entry for entry in batch if entry.item is None), None)
        if bad is not None:
            raise BadRecord(bad.line, bad.problem)
        report.stored += work.store(session, _items(batch))
        work.listener.progress(batch[-1].end.offset)
    return report


def _items(batch: Sequence[Entry[Item]]) -> list[Item]:
    return [entry.item for entry in batch if entry.item is not None]


def _read_ahead(batches: Iterator[list[Entry[Item]]]) -> Iterator[list[Entry[Item]]]:
    """Reads and parses the next batch while the database stores the current one."""
    with ThreadPoolExecutor(1, thread_name_prefix="bursar-parse") as thread:
        pending = thread.submit(next, batches, None)
        while (batch := pending.result()) is not None:
            pending = thread.submit(next, batches, None)
            yield batch


def _tell_rejected(batch: Sequence[Entry[Item]], report: FileReport, listener: Listener) -> None:
    for entry in batch:
        if entry.item is None:
            report.rejected += 1
            listener.rejected(entry.line, entry.problem)


def _store_with_retries(
    database: Database, work: Import[Item], bookmark: Bookmark, batch: Sequence[Entry[Item]]
) -> Tally:
    def store() -> Tally:
        with database.transaction() as session:
            stored = work.store(session, _items(batch))
            bookmark.move(session, batch[-1].end)
        return stored

    return with_retries(store, ATTEMPTS)
