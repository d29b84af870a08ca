"""Reads CSV with the place of every record, to name bad ones and to continue after a stop.

If a record is malformed, only its first line is skipped; reading continues with the next line.
"""

import csv
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from bursar.importing.raw_lines import BYTE_ORDER_MARK, next_line
from bursar.importing.records import START, Place

DELIMITERS: Final = (",", ";", "\t")


class Record(NamedTuple):
    number: int
    """The line of the file in which it begins; the first is 1."""
    cells: list[str]
    problem: str | None
    end: Place


def read_records(
    file: BinaryIO, place: Place = START, *, delimiter: str = ",", encoding: str = "UTF-8"
) -> Iterator[Record]:
    """The records after `place`. Empty lines are skipped.

    The file is UTF-8 here; `encoding` is what it is told to be when a line of it is no text.
    """
    file.seek(place.offset)
    lines = _Lines(file, place, encoding)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        start = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lines.go_back_to_first()
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            problem = lines.problem or f"not CSV: {error}"
            yield Record(start, [], problem, lines.place)
            continue
        if cells or lines.problem:
            yield Record(start, cells, lines.problem, lines.place)


class _Lines:
    """The lines of one record after another, as text. A quoted cell can span several lines."""

    def __init__(self, file: BinaryIO, place: Place, encoding: str) -> None:
        self._file = file
        self._encoding = encoding
        self._offset = place.offset
        self.number = place.line
        self.problem: str | None = None
        self._first = place
        self._is_first = True

    def begin(self) -> None:
        self.problem = None
        self._is_first = True

    def go_back_to_first(self) -> None:
        """Continues after the first line of the record, so that only this line is skipped."""
        self._offset, self.number = self._first
        self._file.seek(self._offset)

    @property
    def place(self) -> Place:
        return Place(self._offset, self.number)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next_line(self._file)
        if line is None:
            raise StopIteration
        self.number += 1
        self._offset += line.length
        raw = line.text
        if line.is_too_long:
            self.problem = "is longer than 16 MiB"
            raw = b"\n"
        if self._is_first:
            self._first, self._is_first = self.place, False
        if self.number == 1:
            raw = raw.removeprefix(BYTE_ORDER_MARK)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self.problem = f"is not {self._encoding}"
            return raw.decode(errors="replace")
