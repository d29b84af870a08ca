"""What the parts of a client share."""

# Made from bursar_client._async by tools/make_sync.py; a test compares them.

from bursar_client._sync.pages import Pages
from bursar_client._sync.wire import Wire
from bursar_client.models.jobs import Started
from bursar_client.pages import T
from bursar_client.values import as_list, read
from bursar_client.wire import Identifier, Request


class Part:
    def __init__(self, wire: Wire, enterprise: Identifier | None) -> None:
        self._wire = wire
        self._default_enterprise = enterprise

    def _enterprise(self, given: Identifier | None) -> Identifier:
        enterprise = given or self._default_enterprise
        if enterprise is None:
            raise ValueError("Say which enterprise: here, or when you make the client.")
        return enterprise

    def _pages(self, request: Request, kind: type[T]) -> Pages[T]:
        return Pages(self._wire, request, kind)

    def _one(self, request: Request, kind: type[T]) -> T:
        answer = self._wire.send(request)
        return read(kind, answer.json())

    def _several(self, request: Request, kind: type[T]) -> list[T]:
        answer = self._wire.send(request)
        return [read(kind, item) for item in as_list(answer.json())]

    def _done(self, request: Request) -> None:
        self._wire.send(request)

    def _started(self, request: Request) -> Started:
        """A change that is large has a job, which the answer names."""
        location = (self._wire.send(request)).headers.get("location")
        return Started(location and location.rstrip("/").rpartition("/")[2])
