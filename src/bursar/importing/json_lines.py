"""NDJSON by line, with the place of every line; and JSON files that hold a list or one object."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from bursar.importing.raw_lines import BYTE_ORDER_MARK, next_line
from bursar.importing.records import START, Place

_TOO_LONG = b"a line of more than 16 MiB"
"""Stands for the line itself: it is no JSON, so that whoever reads it says what is wrong."""


class Line(NamedTuple):
    number: int
    """Of a list in a JSON file, the position of the element; the first is 1."""
    text: bytes
    end: Place


def read_lines(path: Path, place: Place = START) -> Iterator[Line]:
    """What comes after `place`. A `.json` file is one document or a list of them."""
    if path.suffix.lower() == ".json":
        whole = _whole_file(path)
        if whole is not None:
            yield from (line for line in whole if line.number > place.line)
            return
    with path.open("rb") as file:
        file.seek(place.offset)
        yield from _lines(file, place)


def _whole_file(path: Path) -> list[Line] | None:
    text = path.read_bytes().removeprefix(BYTE_ORDER_MARK)
    try:
        documents = msgspec.json.decode(text, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        try:
            documents = [msgspec.json.decode(text, type=msgspec.Raw)]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None  # It is NDJSON under another name, or broken: then each line says so.
    size = path.stat().st_size
    return [
        Line(number, bytes(raw), Place(size, number)) for number, raw in enumerate(documents, 1)
    ]


def _lines(file: BinaryIO, place: Place) -> Iterator[Line]:
    number, offset = place.line, place.offset
    while (raw := next_line(file)) is not None:
        number += 1
        offset += raw.length
        text = _TOO_LONG if raw.is_too_long else raw.text
        stripped = text.removeprefix(BYTE_ORDER_MARK).strip()
        if stripped:
            yield Line(number, stripped, Place(offset, number))
