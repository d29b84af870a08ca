"""CSV with the place of every record, so that a bad one can be named and reading can go on later.

A record that is broken costs its first line only: reading goes on with the next.
"""

import csv
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

MAX_LINE_BYTES = 16 * 1024 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NOT_UTF_8 = "is not UTF-8"


class Record(NamedTuple):
    number: int
    """The line of the file in which it begins; the first is 1."""
    last: int
    """The line in which it ends."""
    cells: list[str]
    problem: str | None
    end: int
    """Offset of the byte after it."""


def read_records(file: BinaryIO, offset: int = 0, number: int = 0) -> Iterator[Record]:
    """From behind line `number`, which ends at `offset`. Empty lines are passed over."""
    file.seek(offset)
    lines = _Lines(file, offset, number)
    reader = csv.reader(lines, strict=True)
    while True:
        lines.begin()
        start = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lines.go_back_to_first()
            reader = csv.reader(lines, strict=True)
            problem = lines.problem or f"not CSV: {error}"
            yield Record(start, lines.number, [], problem, lines.offset)
            continue
        if cells or lines.problem:
            yield Record(start, lines.number, cells, lines.problem, lines.offset)


class _Lines:
    """Text by line, of a record at a time."""

    def __init__(self, file: BinaryIO, offset: int, number: int) -> None:
        self._file = file
        self.offset = offset
        self.number = number
        self.problem: str | None = None
        self._first = (offset, number)
        self._is_first = True

    def begin(self) -> None:
        self.problem = None
        self._is_first = True

    def go_back_to_first(self) -> None:
        """Behind the record's first line."""
        self.offset, self.number = self._first
        self._file.seek(self.offset)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        raw = self._file.readline(MAX_LINE_BYTES)
        if not raw:
            raise StopIteration
        self.number += 1
        self.offset += len(raw)
        if len(raw) == MAX_LINE_BYTES and not raw.endswith(b"\n"):
            raw = self._skip_line()
        if self._is_first:
            self._first, self._is_first = (self.offset, self.number), False
        if self.number == 1:
            raw = raw.removeprefix(BYTE_ORDER_MARK)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self.problem = _NOT_UTF_8
            return raw.decode(errors="replace")

    def _skip_line(self) -> bytes:
        """An endless line is read past, never kept."""
        self.problem = "is longer than 16 MiB"
        while raw := self._file.readline(MAX_LINE_BYTES):
            self.offset += len(raw)
            if raw.endswith(b"\n"):
                break
        return b"\n"
