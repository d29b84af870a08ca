"""Files that are read while they come: no answer is ever held as a whole."""

from collections.abc import AsyncIterator

from bursar_client._async.part import AsyncPart
from bursar_client.rows import CsvRows, Lines
from bursar_client.wire import Request


class AsyncFiles(AsyncPart):
    async def _csv(self, request: Request) -> AsyncIterator[dict[str, str]]:
        rows = CsvRows()
        async with self._wire.stream(request) as stream:
            async for chunk in stream.chunks():
                for row in rows.take(chunk):
                    yield row
        for row in rows.end():
            yield row

    async def _lines(self, request: Request) -> AsyncIterator[bytes]:
        lines = Lines()
        async with self._wire.stream(request) as stream:
            async for chunk in stream.chunks():
                for line in lines.take(chunk):
                    yield line
        for line in lines.end():
            yield line

    async def _bytes(self, request: Request) -> AsyncIterator[bytes]:
        async with self._wire.stream(request) as stream:
            async for chunk in stream.chunks():
                yield chunk
