"""What the parts of a client share."""

from bursar_client._async.pages import AsyncPages
from bursar_client._async.wire import AsyncWire
from bursar_client.models.jobs import Started
from bursar_client.pages import T
from bursar_client.values import as_list, read
from bursar_client.wire import Identifier, Request


class AsyncPart:
    def __init__(self, wire: AsyncWire, enterprise: Identifier | None) -> None:
        self._wire = wire
        self._default_enterprise = enterprise

    def _enterprise(self, given: Identifier | None) -> Identifier:
        enterprise = given or self._default_enterprise
        if enterprise is None:
            raise ValueError("Say which enterprise: here, or when you make the client.")
        return enterprise

    def _pages(self, request: Request, kind: type[T]) -> AsyncPages[T]:
        return AsyncPages(self._wire, request, kind)

    async def _one(self, request: Request, kind: type[T]) -> T:
        answer = await self._wire.send(request)
        return read(kind, answer.json())

    async def _several(self, request: Request, kind: type[T]) -> list[T]:
        answer = await self._wire.send(request)
        return [read(kind, item) for item in as_list(answer.json())]

    async def _done(self, request: Request) -> None:
        await self._wire.send(request)

    async def _started(self, request: Request) -> Started:
        """A change that is large has a job, which the answer names."""
        location = (await self._wire.send(request)).headers.get("location")
        return Started(location and location.rstrip("/").rpartition("/")[2])
