"""What a route can ask for in addition to its object, its parameters and its body."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bursar.actors import Actor, ActorKind
from bursar.pages import Page
from bursar.tenancy import Principal
from bursar.web.authorization import token_of
from bursar.web.negotiation import Negotiated
from bursar.web.pagination import next_link, previous_link
from bursar.web.parameters import QueryParameters


@dataclass(frozen=True, slots=True)
class Caller:
    """The API client that asks."""

    principal: Principal
    request_id: str

    @property
    def client_id(self) -> str:
        return self.principal.client_id

    @property
    def enterprises(self) -> tuple[UUID, ...]:
        """The enterprises for which the client may act."""
        return self.principal.enterprises

    @property
    def actor(self) -> Actor:
        return Actor(self.principal.client_id, self.request_id, ActorKind.CLIENT)

    def acts_for(self, enterprise_uuid: UUID | None) -> bool:
        return enterprise_uuid in self.principal.roles


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """The request itself, for routes whose answer depends on more than their typed input."""

    url: str
    """The absolute URL, without the query."""
    query: QueryParameters
    headers: Mapping[str, str]
    negotiated: Negotiated
    now: datetime
    root: str
    """The beginning of absolute links: the public URL, or the host of the request. The path of
    `url` may be another address of the endpoint."""
    resumed: object = None
    """What the route said when it could not answer at once: see `bursar.web.call.Later`."""

    @property
    def token(self) -> str:
        """The access token that the pipeline has verified. Raises Unauthorized without one."""
        return token_of(self.headers)

    def next_link(self, page: Page) -> str | None:
        return next_link(self.url, self.query, page)

    def previous_link(self, page: Page) -> str | None:
        return previous_link(self.url, self.query, page)
