"""One request as the pipeline passes it on, and the answer that a route gives."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Connection

from bursar.tenancy import Principal
from bursar.web.negotiation import Negotiated
from bursar.web.parameters import QueryParameters

DATA_AS_OF: Final = "X-Data-As-Of"
"""The header of an answer that comes from a standby: its data are at least as new as this."""


class OfEnterprise(Protocol):
    """What a path names: the typed object of an `Owned`."""

    @property
    def enterprise_uuid(self) -> UUID: ...


@dataclass(slots=True)
class Call:
    """What the pipeline knows of a request when it calls the route."""

    principal: Principal
    target: OfEnterprise | None
    """The object of the path, already known to be the caller's; None where a path names none."""
    path: Mapping[str, str | UUID]
    query: QueryParameters
    headers: Mapping[str, str]
    negotiated: Negotiated
    url: str
    """The absolute URL of the request without its query."""
    request_id: str
    root: str
    """The beginning of absolute links."""
    now: datetime
    provided: Mapping[type, object]
    """What the composition gives to routes that ask for it by its type."""
    parameters: object = None
    """The endpoint's query model, read."""
    body: BaseModel | None = None
    resumed: object = None
    """What the route said for this call, when it could not answer at once: see Later."""
    ahead: timedelta = timedelta()
    """By how much the clock of its enterprise is ahead; `now` has it already."""


Source: TypeAlias = Callable[[Connection], Iterator[bytes]]
"""Makes a body, chunk by chunk, from one snapshot of the database.

A chunk is asked for when the client has taken the one before. What is raised before the first is
answered as from any route; after it, the connection is cut, so that nobody takes a part for all.
"""


class Feed(Protocol):
    """A body that goes on while things happen, made on the event loop."""

    def opened(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The chunks, one every few seconds even when nothing happens. Raises ApiError when there
        is no place for one more."""

    def stop(self) -> None:
        """Lets the chunks end soon."""


class Listening(Protocol):
    async def changed(self, seconds: float) -> bool:
        """Waits until something has happened. False when nothing did for so long, or when it is
        time to answer whatever there is."""


@dataclass(frozen=True, slots=True)
class Later:
    """There is nothing to answer yet, and the caller has time."""

    seconds: float
    listening: Callable[[], AbstractAsyncContextManager[Listening]]
    """Raises ApiError when there is no place for one more."""
    resumed: object
    """What the route finds in `Call.resumed` when it is called again."""


Content = TypeVar("Content")


@dataclass(slots=True)
class Answer(Generic[Content]):
    """`content` is rendered in the negotiated format; `body`, `stream` and `feed` are sent as they
    are.

    Only a route that reads may stream.
    """

    content: Content | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    stream: Source | None = None
    kept: Content | None = None
    """What a repetition with the same Idempotency-Key is answered instead of `content`, where this
    holds a secret that may be neither stored nor shown again."""
    feed: Feed | None = None
    later: Later | None = None
    """When to ask again for an answer that is better than this one."""
