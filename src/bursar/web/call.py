"""One request as a route sees it, and the answer it gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from bursar.database.types import AnyRow
from bursar.settings import Settings
from bursar.web.errors import NotFound
from bursar.web.negotiation import Negotiated
from bursar.web.parameters import QueryParameters
from bursar.web.principal import Principal


@dataclass(slots=True)
class Call:
    settings: Settings
    services: Any
    """What the application gives its routes beside the database: caches and the like."""
    principal: Principal
    target: AnyRow | None
    """The object of the path, already known to be the caller's; None where a path names none."""
    path: Mapping[str, Any]
    query: QueryParameters
    parameters: Any
    """What the endpoint's `parameters` made of the query."""
    headers: Mapping[str, str]
    negotiated: Negotiated
    url: str
    """The absolute URL of the request without its query."""
    request_id: str
    now: datetime

    @property
    def found(self) -> AnyRow:
        if self.target is None:
            raise NotFound
        return self.target


@dataclass(slots=True)
class Answer:
    """`content` is rendered in the negotiated format; `body` is sent as it is."""

    content: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


def enterprise_of(call: Call) -> UUID:
    value: UUID = call.found.enterprise_uuid
    return value
