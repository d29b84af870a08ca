"""Reads NDJSON line by line with the place of each line, and JSON files with a list or one
object."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from bursar.importing.raw_lines import BYTE_ORDER_MARK, next_line
from bursar.importing.records import START, Place

_TOO_LONG = b"a line of more than 16 MiB"
"""Replaces a line that is too long. It is not JSON, so it is reported as a bad line with this
text."""


class Line(NamedTuple):
    number: int
    """The number of the line, or the position in the list of a JSON file; the first is 1."""
    text: bytes
    end: Place


def read_lines(path: Path, place: Place = START) -> Iterator[Line]:
    """The lines after `place`. A `.json` file holds one document or a list of documents."""
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
            # The file is NDJSON in spite of its name, or malformed. Then each bad line is reported.
            return None
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
