"""Files as they arrive, cut into lines and rows without keeping them."""

import codecs
import csv
from collections.abc import Iterator

from bursar_client.errors import UnexpectedAnswer


class Lines:
    """Of NDJSON. Only a line feed ends a line: JSON texts may hold all else that splits lines."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, chunk: bytes) -> Iterator[bytes]:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return (line for line in lines if line.strip())

    def end(self) -> Iterator[bytes]:
        rest, self._rest = self._rest, b""
        return iter([rest] if rest.strip() else [])


class CsvRows:
    """Of a file with a header. A cell in quotation marks may hold line ends."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._rest = ""
        self._names: list[str] | None = None

    def take(self, chunk: bytes, *, final: bool = False) -> Iterator[dict[str, str]]:
        self._rest += self._decoder.decode(chunk, final)
        # A record ends at a line feed that an even number of quotation marks stands before.
        begin, end = 0, self._rest.find("\n")
        while end >= 0:
            if self._rest.count('"', begin, end) % 2 == 0:
                yield from self._rows(self._rest[begin : end + 1])
                begin = end + 1
            end = self._rest.find("\n", end + 1)
        self._rest = self._rest[begin:]

    def end(self) -> Iterator[dict[str, str]]:
        yield from self.take(b"", final=True)
        yield from self._rows(self._rest)
        self._rest = ""

    def _rows(self, text: str) -> Iterator[dict[str, str]]:
        for cells in csv.reader([text] if text.strip() else [], strict=True):
            if self._names is None:
                self._names = cells
            elif len(cells) != len(self._names):
                raise UnexpectedAnswer(f"A row of the file has {len(cells)} cells: {text[:80]}")
            else:
                yield dict(zip(self._names, cells, strict=True))
