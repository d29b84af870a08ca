"""Imports files of content documents, NDJSON or JSON."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.content.documents import Document, parse_document
from bursar.catalog.content.refusals import BrokenDocument
from bursar.catalog.content.service import lock_content
from bursar.catalog.imports.models import ContentImport
from bursar.catalog.imports.service import store_documents
from bursar.database.engine import Database
from bursar.importing.bookmarks import Bookmark
from bursar.importing.engine import Import, import_resumably, import_strictly
from bursar.importing.json_lines import Line, read_lines
from bursar.importing.records import Entry, FileReport, Listener, Place, Tally

BATCH: Final = 500


def import_file(database: Database, actor: Actor, path: Path, listener: Listener) -> FileReport:
    """Bad lines are told and left out. What a killed import had committed is not done again."""

    def store(session: Session, documents: Sequence[Document]) -> Tally:
        return store_documents(session, actor, documents)

    work = Import(lambda place: _entries(path, place), store, BATCH, listener)
    return import_resumably(database, work, Bookmark.of(ContentImport, path))


def import_file_strictly(
    session: Session, actor: Actor, path: Path, listener: Listener
) -> FileReport:
    """All of the file in the caller's transaction. Raises BadRecord at the first bad line."""
    now = lock_content(session)

    def store(session: Session, documents: Sequence[Document]) -> Tally:
        return store_documents(session, actor, documents, now)

    return import_strictly(
        session, Import(lambda place: _entries(path, place), store, BATCH, listener)
    )


def _entries(path: Path, place: Place) -> Iterator[Entry[Document]]:
    return map(_entry, read_lines(path, place))


def _entry(line: Line) -> Entry[Document]:
    try:
        return Entry(line.number, parse_document(line.text), "", line.end)
    except BrokenDocument as error:
        return Entry(line.number, None, str(error), line.end)
