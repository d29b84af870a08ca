"""One request as a route sees it, and the answer it gives."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeAlias
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Connection
from typing_extensions import TypeVar

from bursar.database.types import AnyRow
from bursar.settings import Settings
from bursar.tenancy import Principal
from bursar.web.errors import NotFound
from bursar.web.negotiation import Negotiated
from bursar.web.parameters import QueryParameters


@dataclass(slots=True)
class Call:
    settings: Settings
    services: Any
    """What the application gives its routes in addition to the database, such as caches."""
    principal: Principal
    target: AnyRow | None
    """The object of the path, already known to be the caller's; None where a path names none."""
    path: Mapping[str, Any]
    query: QueryParameters
    parameters: Any
    """What the endpoint's `parameters` returned for the query."""
    headers: Mapping[str, str]
    negotiated: Negotiated
    url: str
    """The absolute URL of the request without its query."""
    request_id: str
    now: datetime
    provided: Mapping[type, object]
    """What the composition gives to routes that ask for it by its type."""
    owned_target: object = None
    """`target` as the typed object that its `Owned` declares."""
    body: BaseModel | None = None

    @property
    def found(self) -> AnyRow:
        if self.target is None:
            raise NotFound
        return self.target


Source: TypeAlias = Callable[[Connection], Iterator[bytes]]
"""Makes a body, chunk by chunk, from one snapshot of the database.

A chunk is made when the client has taken the previous one. An error before the first chunk is
answered as for any route. After that the connection is closed, so that the client cannot mistake
a part for the whole.
"""


Content = TypeVar("Content", default=Any)


@dataclass(slots=True)
class Answer(Generic[Content]):
    """`content` is rendered in the negotiated format; `body` and `stream` are sent as they are.

    Only a route that reads may stream.
    """

    content: Content | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    stream: Source | None = None


def enterprise_of(call: Call) -> UUID:
    value: UUID = call.found.enterprise_uuid
    return value
