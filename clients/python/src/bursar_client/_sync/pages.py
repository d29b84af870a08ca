"""Lists: iterate over the items of all pages, or over the pages."""

# Made from bursar_client._async by tools/make_sync.py; a test compares them.

from collections.abc import Iterator
from typing import Generic

from bursar_client._sync.wire import Wire
from bursar_client.pages import Page, T, read_page
from bursar_client.wire import Request


class Pages(Generic[T]):
    """Nothing is asked for before you iterate, and a page not before it is needed."""

    def __init__(self, wire: Wire, request: Request, kind: type[T]) -> None:
        self._wire = wire
        self._request = request
        self._kind = kind

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            for item in page.items:
                yield item

    def pages(self) -> Iterator[Page[T]]:
        request: Request | None = self._request
        while request is not None:
            page = read_page(self._wire.send(request), self._kind)
            yield page
            request = page.following()

    def first(self) -> T | None:
        page = read_page(self._wire.send(self._request), self._kind)
        return page.items[0] if page.items else None

    def count(self) -> int | None:
        """Of all items, as the server says; None where it does not."""
        return read_page(self._wire.send(self._request), self._kind).count

    def all(self) -> list[T]:
        return [item for item in self]
