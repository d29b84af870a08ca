"""Lists: iterate over the items of all pages, or over the pages."""

from collections.abc import AsyncIterator
from typing import Generic

from bursar_client._async.wire import AsyncWire
from bursar_client.pages import Page, T, read_page
from bursar_client.wire import Request


class AsyncPages(Generic[T]):
    """Nothing is asked for before you iterate, and a page not before it is needed."""

    def __init__(self, wire: AsyncWire, request: Request, kind: type[T]) -> None:
        self._wire = wire
        self._request = request
        self._kind = kind

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item

    async def pages(self) -> AsyncIterator[Page[T]]:
        request: Request | None = self._request
        while request is not None:
            page = read_page(await self._wire.send(request), self._kind)
            yield page
            request = page.following()

    async def first(self) -> T | None:
        page = read_page(await self._wire.send(self._request), self._kind)
        return page.items[0] if page.items else None

    async def count(self) -> int | None:
        """Of all items, as the server says; None where it does not."""
        return read_page(await self._wire.send(self._request), self._kind).count

    async def all(self) -> list[T]:
        return [item async for item in self]
