"""Imports files of documents: streamed, a batch a transaction, resumable."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.batches import batched
from bursar.catalog.content.documents import BrokenDocument, Document, parse_document
from bursar.catalog.content.service import lock_content
from bursar.catalog.imports.models import ContentImport
from bursar.catalog.imports.service import Stored, store_documents
from bursar.database.engine import Database

BATCH = 500
MAX_LINE_BYTES = 16 * 1024 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Rejected = Callable[[int, str], None]
"""Told the line number and the reason of each document that was left out."""


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    text: bytes
    end: int
    """Offset of the byte after it."""


@dataclass(slots=True)
class FileReport:
    stored: Stored = field(default_factory=Stored)
    rejected: int = 0
    resumed_at: int = 0
    """The line it went on at, 0 for a fresh start."""


class StrictFailure(Exception):
    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


def import_file(
    database: Database,
    actor: Actor,
    path: Path,
    *,
    rejected: Rejected,
    progress: Callable[[int], None],
) -> FileReport:
    """Bad lines are reported and left out. What a killed import had committed is not done again.

    `progress` is told the offset reached after each batch.
    """
    report = FileReport()
    with database.transaction() as session:
        record = _record_of(session, path)
        offset, number = record.byte_offset, record.line
    report.resumed_at = number + 1 if number else 0
    progress(offset)
    lines = read_lines(path, offset, number)
    for batch, documents in _parsed_ahead(lines, report, rejected):
        with database.transaction() as session:
            now = lock_content(session)
            report.stored += store_documents(session, actor, documents, now)
            record = _record_of(session, path)
            record.byte_offset, record.line = batch[-1].end, batch[-1].number
        progress(batch[-1].end)
    with database.transaction() as session:
        session.delete(_record_of(session, path))
    return report


def import_file_strictly(
    session: Session, actor: Actor, path: Path, *, progress: Callable[[int], None]
) -> FileReport:
    """All of the file in the caller's transaction. Raises StrictFailure at the first bad line."""
    report = FileReport()

    def refuse(number: int, reason: str) -> None:
        raise StrictFailure(number, reason)

    now = lock_content(session)
    for batch in batched(read_lines(path), BATCH):
        documents = _parse(batch, report, refuse)
        report.stored += store_documents(session, actor, documents, now)
        progress(batch[-1].end)
    return report


def read_lines(path: Path, offset: int = 0, number: int = 0) -> Iterator[Line]:
    """NDJSON by line; a `.json` file is one document or a list of them."""
    if path.suffix.lower() == ".json":
        whole = _whole_file(path)
        if whole is not None:
            yield from (line for line in whole if line.number > number)
            return
    with path.open("rb") as file:
        file.seek(offset)
        yield from _lines(file, offset, number)


def _whole_file(path: Path) -> list[Line] | None:
    text = path.read_bytes().removeprefix(BYTE_ORDER_MARK)
    try:
        documents = msgspec.json.decode(text, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        try:
            documents = [msgspec.json.decode(text, type=msgspec.Raw)]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None  # NDJSON under another name, or broken: then each line says so
    size = path.stat().st_size
    return [Line(number, bytes(raw), size) for number, raw in enumerate(documents, 1)]


def _lines(file: BinaryIO, offset: int, number: int) -> Iterator[Line]:
    while text := file.readline(MAX_LINE_BYTES):
        number += 1
        offset += len(text)
        if len(text) == MAX_LINE_BYTES and not text.endswith(b"\n"):
            offset += _skip_line(file)
            text = b"a line of more than 16 MiB"
        stripped = text.removeprefix(BYTE_ORDER_MARK).strip()
        if stripped:
            yield Line(number, stripped, offset)


def _skip_line(file: BinaryIO) -> int:
    """An endless line is read past, never kept; returns its length."""
    length = 0
    while text := file.readline(MAX_LINE_BYTES):
        length += len(text)
        if text.endswith(b"\n"):
            break
    return length


def _parsed_ahead(
    lines: Iterator[Line], report: FileReport, rejected: Rejected
) -> Iterator[tuple[list[Line], list[Document]]]:
    """Batches with their documents; the next one is parsed while the database takes one."""

    batches = batched(lines, BATCH)

    def parse_next() -> tuple[list[Line], list[Document]] | None:
        batch = next(batches, None)
        return (batch, _parse(batch, report, rejected)) if batch else None

    with ThreadPoolExecutor(1, thread_name_prefix="bursar-parse") as ahead:
        pending = ahead.submit(parse_next)
        while (parsed := pending.result()) is not None:
            pending = ahead.submit(parse_next)
            yield parsed


def _parse(batch: list[Line], report: FileReport, rejected: Rejected) -> list[Document]:
    documents = []
    for line in batch:
        try:
            documents.append(parse_document(line.text))
        except BrokenDocument as error:
            report.rejected += 1
            rejected(line.number, str(error))
    return documents


def _record_of(session: Session, path: Path) -> ContentImport:
    """This file as it is now: changed since, it is another file and starts anew."""
    state = path.stat()
    source = str(path.resolve())
    record = session.scalars(
        select(ContentImport).where(
            ContentImport.source == source,
            ContentImport.size == state.st_size,
            ContentImport.modified_ns == state.st_mtime_ns,
        )
    ).first()
    if record is None:
        record = ContentImport(
            source=source,
            size=state.st_size,
            modified_ns=state.st_mtime_ns,
            byte_offset=0,
            line=0,
            started_at=clock.now(),
        )
        session.add(record)
        session.flush()
    return record
