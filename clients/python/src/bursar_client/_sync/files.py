"""Files that are read while they come: no answer is ever held as a whole."""

# Made from bursar_client._async by tools/make_sync.py; a test compares them.

from collections.abc import Iterator

from bursar_client._sync.part import Part
from bursar_client.rows import CsvRows, Lines
from bursar_client.wire import Request


class Files(Part):
    def _csv(self, request: Request) -> Iterator[dict[str, str]]:
        rows = CsvRows()
        with self._wire.stream(request) as stream:
            for chunk in stream.chunks():
                for row in rows.take(chunk):
                    yield row
        for row in rows.end():
            yield row

    def _lines(self, request: Request) -> Iterator[bytes]:
        lines = Lines()
        with self._wire.stream(request) as stream:
            for chunk in stream.chunks():
                for line in lines.take(chunk):
                    yield line
        for line in lines.end():
            yield line

    def _bytes(self, request: Request) -> Iterator[bytes]:
        with self._wire.stream(request) as stream:
            for chunk in stream.chunks():
                yield chunk
