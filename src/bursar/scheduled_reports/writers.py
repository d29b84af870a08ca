"""Batches of rows as CSV, as lines of JSON, or as one JSON array, each in constant memory."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from bursar.clock import format_instant
from bursar.spreadsheet import cell

_encoder: Final = msgspec.json.Encoder()


def json_array(parts: Iterable[bytes]) -> Iterator[bytes]:
    """One array of all parts, each of which is some values with commas in between."""
    yield b"["
    is_first = True
    for part in parts:
        if part:
            yield part if is_first else b",\n" + part
            is_first = False
    yield b"]\n"


def joined(rows: Sequence[msgspec.Struct]) -> bytes:
    """The rows as JSON, with commas in between."""
    return _encoder.encode(rows)[1:-1]


def lines(rows: Sequence[msgspec.Struct]) -> bytes:
    return _encoder.encode_lines(rows)


def table(names: Sequence[str], rows: Iterable[Sequence[object]], *, head: bool = False) -> bytes:
    """Rows of a CSV file, below its header if `head`. What a spreadsheet would take for a formula
    has an apostrophe in front."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if head:
        writer.writerow(names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str):
        return cell(value)
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, list | dict):
        return cell(_encoder.encode(value).decode())
    return value


def columns_of(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Of rows of this kind: a nested object has a column for each of its fields, `object.field`."""
    return tuple(name for name, _ in _columns(kind))


def cells_of(row: msgspec.Struct) -> list[Any]:
    """In the order of `columns_of` its kind."""
    cells: list[Any] = []
    for value in msgspec.structs.astuple(row):
        if isinstance(value, msgspec.Struct):
            cells += cells_of(value)
        else:
            cells.append(value)
    return cells


def _columns(kind: type[msgspec.Struct]) -> Iterator[tuple[str, object]]:
    for field in msgspec.structs.fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            for name, inner in _columns(field.type):
                yield f"{field.name}.{name}", inner
        else:
            yield field.name, field.type
