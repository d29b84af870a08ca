"""Files in UTF-16, as spreadsheets save "Unicode text", read as if they were UTF-8."""

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Final

from bursar.importing.records import UnreadableFile

_LOOK: Final = 4096
_CHUNK: Final = 1024 * 1024
_UTF_16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_UTF_32: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_NO_TEXT: Final = b"\xff"
"""A byte that is in no text: it makes the line bad in which the file breaks off."""


@contextmanager
def readable_as_utf_8(path: Path) -> Iterator[tuple[Path, str]]:
    """A file that holds the same in UTF-8, and the name of the encoding that `path` is in.

    It is the file itself, or a copy that exists until the block ends. Copies of one file are equal,
    so a place in one of them can be returned to in another. Raises UnreadableFile.
    """
    with path.open("rb") as file:
        start = file.read(_LOOK)
        # The mark of UTF-32 begins as that of UTF-16 does.
        if start.startswith(_UTF_32):
            raise UnreadableFile("the file is UTF-32: save it as UTF-8")
        codec = next((_UTF_16[mark] for mark in _UTF_16 if start.startswith(mark)), None)
        if codec is not None:
            with NamedTemporaryFile(prefix="bursar-", suffix=path.suffix) as copy:
                file.seek(0)
                _transcode(file, codec, copy)
                yield Path(copy.name), "UTF-16"
            return
    if b"\0" in start:
        raise UnreadableFile(
            "the file is no text in UTF-8, nor in UTF-16 with a byte order mark: save it as UTF-8"
        )
    yield path, "UTF-8"


def _transcode(file: IO[bytes], codec: str, copy: IO[bytes]) -> None:
    # Half a surrogate pair passes and is no UTF-8 then, so that only its line is bad.
    decoder = codecs.getincrementaldecoder(codec)(errors="surrogatepass")
    while chunk := file.read(_CHUNK):
        copy.write(decoder.decode(chunk).encode(errors="surrogatepass"))
    pending, _ = decoder.getstate()
    if pending:
        copy.write(_NO_TEXT)
    copy.flush()
