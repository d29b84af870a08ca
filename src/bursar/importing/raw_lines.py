"""Reads the lines of a file as bytes, up to a maximum length."""

from dataclasses import dataclass
from typing import BinaryIO, Final

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(slots=True)
class RawLine:
    text: bytes
    """The line with its line end. Of a line that is too long it is only the beginning."""
    length: int
    """How many bytes the whole line has in the file."""
    is_too_long: bool = False


def next_line(file: BinaryIO) -> RawLine | None:
    """The next line, or None at the end of the file. Of a line of more than 16 MiB, only the
    beginning is kept in memory."""
    text = file.readline(MAX_LINE_BYTES)
    if not text:
        return None
    line = RawLine(text, len(text))
    if len(text) == MAX_LINE_BYTES and not text.endswith(b"\n"):
        line.is_too_long = True
        while rest := file.readline(MAX_LINE_BYTES):
            line.length += len(rest)
            if rest.endswith(b"\n"):
                break
    return line
