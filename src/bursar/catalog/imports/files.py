"""Imports files of content documents, NDJSON or JSON."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.content.documents import Document
from bursar.catalog.content.service import lock_content
from bursar.catalog.imports.answers import documents_in
from bursar.catalog.imports.models import ContentImport
from bursar.catalog.imports.service import store_documents
from bursar.database.engine import Database
from bursar.importing.bookmarks import Bookmark
from bursar.importing.engine import Import, import_resumably, import_strictly
from bursar.importing.json_lines import Line, read_lines
from bursar.importing.records import Entry, FileReport, Listener, Place, Tally

BATCH: Final = 500


def import_file(
    database: Database, actor: Actor, path: Path, listener: Listener, *, merge: bool
) -> FileReport:
    """Bad lines are told and left out. What a killed import had committed is not done again.

    With `merge`, keys and runs that a document lacks stay; without it, it replaces the stored one.
    """

    def store(session: Session, documents: Sequence[Document]) -> Tally:
        return store_documents(session, actor, documents, merge=merge).tally

    work = Import(lambda place: read_documents(path, place), store, BATCH, listener)
    return import_resumably(database, work, Bookmark.of(ContentImport, path))


def import_file_strictly(
    session: Session, actor: Actor, path: Path, listener: Listener, *, merge: bool
) -> FileReport:
    """All of the file in the caller's transaction. Raises BadRecord at the first bad line."""
    now = lock_content(session)

    def store(session: Session, documents: Sequence[Document]) -> Tally:
        return store_documents(session, actor, documents, now, merge=merge).tally

    return import_strictly(
        session, Import(lambda place: read_documents(path, place), store, BATCH, listener)
    )


def read_documents(path: Path, place: Place) -> Iterator[Entry[Document]]:
    """The documents of the file after a place, and what of it is none."""
    before = place
    for line in read_lines(path, place):
        yield from _entries_of(line, before)
        before = line.end


def _entries_of(line: Line, before: Place) -> Iterator[Entry[Document]]:
    """Only behind its last document is the line done: an import that is stopped within it takes
    the whole of it again."""
    pending: Document | str | None = None
    for found in documents_in(line.text):
        if pending is not None:
            yield _entry(line, pending, before)
        pending = found
    if pending is not None:
        yield _entry(line, pending, line.end)


def _entry(line: Line, found: Document | str, end: Place) -> Entry[Document]:
    if isinstance(found, str):
        return Entry(line.number, None, found, end)
    return Entry(line.number, found, "", end)
