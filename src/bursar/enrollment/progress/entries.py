"""Files of reported enrollments, CSV or NDJSON, as entries with their places."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

import msgspec

from bursar.enrollment.progress.old_names import own_name, under_own_names
from bursar.enrollment.progress.reported_rows import (
    DERIVED,
    KNOWN,
    BadRow,
    Header,
    ReportedRow,
    parse_object,
    read_header,
)
from bursar.importing.csv_records import DELIMITERS, Record, read_records
from bursar.importing.encodings import readable_as_utf_8
from bursar.importing.json_lines import read_lines
from bursar.importing.raw_lines import BYTE_ORDER_MARK
from bursar.importing.records import START, Entry, Place, UnreadableFile

_LOOK: Final = 4096
_JSON_SUFFIXES: Final = frozenset({".ndjson", ".jsonl", ".json"})

Told = Callable[[str], None]
"""Told the name of each column that is left aside, once."""


ReportedEntry: TypeAlias = Entry[ReportedRow]


def read_entries(path: Path, told: Told, place: Place = START) -> Iterator[ReportedEntry]:
    """What comes after `place`. Raises UnreadableFile when the first is asked for."""
    with readable_as_utf_8(path) as (readable, encoding):
        with readable.open("rb") as file:
            if _is_csv(path, file.read(_LOOK)):
                yield from _csv_entries(file, told, place, encoding)
                return
        yield from _json_entries(readable, told, place)


def why_left_aside(name: str) -> str:
    kind = "derived" if name in DERIVED else "unknown"
    return f"{name!r} is {kind} and left aside"


def _is_csv(path: Path, start: bytes) -> bool:
    if path.suffix.lower() in _JSON_SUFFIXES:
        return False
    return not start.removeprefix(BYTE_ORDER_MARK).lstrip().startswith((b"{", b"["))


def _csv_entries(
    file: BinaryIO, told: Told, place: Place, encoding: str
) -> Iterator[ReportedEntry]:
    delimiter, first = _first_record(file, encoding)
    if first is None:
        return
    header = _header(first)
    for name in header.left_aside:
        told(name)
    start = first.end if place == START else place
    for record in read_records(file, start, delimiter=delimiter, encoding=encoding):
        yield _entry(header, record)


def _first_record(file: BinaryIO, encoding: str) -> tuple[str, Record | None]:
    """The delimiter with which the first record names the most columns that are known."""
    found = [
        (delimiter, next(read_records(file, delimiter=delimiter, encoding=encoding), None))
        for delimiter in DELIMITERS
    ]
    return max(found, key=lambda pair: _count_known(pair[1]))


def _count_known(record: Record | None) -> int:
    cells = record.cells if record is not None else []
    return len({own_name(cell.strip()) for cell in cells} & (KNOWN | DERIVED))


def _header(record: Record) -> Header:
    if record.problem is not None:
        raise UnreadableFile(f"the header, line {record.number}, {record.problem}")
    try:
        return read_header(record.cells)
    except ValueError as error:
        raise UnreadableFile(str(error)) from None


def _entry(header: Header, record: Record) -> ReportedEntry:
    if record.problem is not None:
        return Entry(record.number, None, record.problem, record.end)
    try:
        return Entry(record.number, header.parse(record.cells), "", record.end)
    except BadRow as error:
        return Entry(record.number, None, str(error), record.end)


def _json_entries(path: Path, told: Told, place: Place) -> Iterator[ReportedEntry]:
    names = set(KNOWN)
    for line in read_lines(path, place):
        try:
            item: Any = msgspec.json.decode(line.text)
            if isinstance(item, dict):
                item = under_own_names(item)
            row = parse_object(item)
        except BadRow as error:
            yield Entry(line.number, None, str(error), line.end)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            yield Entry(line.number, None, f"not JSON: {error}", line.end)
        else:
            for name in item.keys() - names:
                names.add(name)
                told(name)
            yield Entry(line.number, row, "", line.end)
