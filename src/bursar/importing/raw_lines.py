"""The lines of a file as bytes, each of a bounded length."""

from dataclasses import dataclass
from typing import BinaryIO, Final

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(slots=True)
class RawLine:
    text: bytes
    """With its line end; of a line that is too long, only its beginning."""
    length: int
    """How many bytes it takes in the file."""
    is_too_long: bool = False


def next_line(file: BinaryIO) -> RawLine | None:
    """None at the end of the file. A line of more than 16 MiB is read past, and never kept."""
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
