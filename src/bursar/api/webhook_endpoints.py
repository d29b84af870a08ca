"""Webhook endpoints over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import msgspec
from pydantic import Field
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.outgoing.urls import LONGEST_URL
from bursar.pages import PageRequest
from bursar.web.call import Answer
from bursar.web.endpoint import Link
from bursar.web.errors import ApiError, BusinessRule, InvalidFields, NotFound
from bursar.web.query import IDENTIFIER, PageNumber, Query, size_of_page
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Refusals, Routes
from bursar.web.validation import Body
from bursar.webhooks import service
from bursar.webhooks.fields import LONGEST_DESCRIPTION
from bursar.webhooks.owned import (
    ENDPOINT,
    ENDPOINT_OR_DELETED,
    ENTERPRISE,
    EndpointTarget,
    EnterpriseTarget,
)
from bursar.webhooks.selection import MOST_TYPES
from bursar.webhooks.service import (
    ChangeEndpoint,
    CreateEndpoint,
    EndpointIsDisabled,
    EndpointView,
    NewEndpointView,
    PingView,
    RotatedSecretView,
    TooManyEndpoints,
    UnknownEndpoint,
    WrongFields,
)

PATH: Final = "/enterprise/v1/webhook-endpoints"


def _rule(refused: Exception) -> ApiError:
    return BusinessRule(str(refused))


REFUSALS: Final[Refusals] = {
    WrongFields: lambda refused: InvalidFields(
        {name: [why] for name, why in refused.problems.items()}
    ),
    UnknownEndpoint: lambda _refused: NotFound(),
    TooManyEndpoints: _rule,
    EndpointIsDisabled: _rule,
}
routes: Final = Routes("webhook-endpoints", REFUSALS, only_admin=True)
OwnedEnterprise: TypeAlias = Annotated[EnterpriseTarget, ENTERPRISE]
OwnedEndpoint: TypeAlias = Annotated[EndpointTarget, ENDPOINT]
OwnedOrDeleted: TypeAlias = Annotated[EndpointTarget, ENDPOINT_OR_DELETED]

Url = Annotated[str, Field(min_length=1, max_length=LONGEST_URL)]
Description = Annotated[str, Field(max_length=LONGEST_DESCRIPTION)]
EventTypes = Annotated[list[str], Field(min_length=1, max_length=MOST_TYPES)] | None


class EnterpriseQuery(Query, frozen=True, kw_only=True):
    enterprise_customer_uuid: Annotated[UUID, IDENTIFIER, "The enterprise."]


class EndpointListQuery(EnterpriseQuery, frozen=True, kw_only=True):
    page: PageNumber = 1
    page_size: Annotated[
        int, size_of_page(default=20, maximum=100), "Endpoints on a page, up to 100."
    ] = 20


class NewEndpointBody(Body):
    url: Url
    description: Description = ""
    event_types: EventTypes = None
    secret: str | None = None


class EndpointBody(Body):
    url: Url = ""
    description: Description = ""
    event_types: EventTypes = None
    enabled: bool = True


class SecretBody(Body):
    secret: str | None = None


class EndpointList(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: Sequence[EndpointView]


_UUID: Final = "2f1b7a52-6a0b-4f9b-9a43-0f9f0d7f2f61"
ENDPOINT_PATH: Final = f"{PATH}/{{endpoint_uuid:uuid}}"
_EXAMPLE: Final[dict[str, Any]] = {
    "uuid": _UUID,
    "enterprise_customer_uuid": "66b5922b-a22b-4a7b-b587-d4af0378bd6f",
    "url": "https://hooks.acme.example/bursar",
    "description": "HR system",
    "event_types": ["license.*", "enrollment.created"],
    "enabled": True,
    "disabled_at": None,
    "disabled_reason": None,
    "last_success_at": "2026-02-24T09:30:00Z",
    "failing_since": None,
    "created": "2026-02-01T08:00:00Z",
    "modified": "2026-02-01T08:00:00Z",
}
_SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="  # noqa: S105 - an example
_OF_AN_ENDPOINT: Final = ("Get a webhook endpoint", "Send a test to a webhook endpoint")


@routes.post(
    PATH,
    status=201,
    example={**_EXAMPLE, "last_success_at": None, "secret": _SECRET},
    links=tuple(
        Link(summary, {"endpoint_uuid": "$response.body#/uuid"}) for summary in _OF_AN_ENDPOINT
    ),
)
def create_webhook_endpoint(
    enterprise: OwnedEnterprise,
    _query: EnterpriseQuery,
    body: NewEndpointBody,
    caller: Caller,
    request: HttpRequest,
    *,
    session: Session,
) -> Answer[NewEndpointView]:
    """Create a webhook endpoint

    A URL that is told of the enterprise's events. The `secret`, which signs all that it is sent, is
    shown this once: a repetition with the same Idempotency-Key has null in its place.
    """
    command = CreateEndpoint(
        enterprise_uuid=enterprise.enterprise_uuid, **body.model_dump(exclude_unset=True)
    )
    created = service.create_endpoint(session, caller.actor, command, at=request.now)
    location = f"{request.root}{PATH}/{created.uuid}"
    shown_again = msgspec.structs.replace(created, secret=None)
    return Answer(created, 201, {"Location": location}, kept=shown_again)


@routes.get(PATH, example={"count": 1, "next": None, "previous": None, "results": [_EXAMPLE]})
def list_webhook_endpoints(
    enterprise: OwnedEnterprise,
    query: EndpointListQuery,
    request: HttpRequest,
    connection: Connection,
) -> EndpointList:
    """List the webhook endpoints of an enterprise

    The oldest first, without their secrets.
    """
    wanted = PageRequest(query.page_size, query.page)
    page, found = service.page_of_endpoints(connection, enterprise.enterprise_uuid, wanted)
    return EndpointList(page.count, request.next_link(page), request.previous_link(page), found)


@routes.get(ENDPOINT_PATH, example=_EXAMPLE)
def show_webhook_endpoint(endpoint: OwnedEndpoint, connection: Connection) -> EndpointView:
    """Get a webhook endpoint

    Whether it is enabled, when it last took an event, and since when it fails.
    """
    return service.find_endpoint(connection, endpoint.uuid)


@routes.patch(ENDPOINT_PATH, example=_EXAMPLE)
def change_webhook_endpoint(
    endpoint: OwnedEndpoint,
    body: EndpointBody,
    caller: Caller,
    request: HttpRequest,
    session: Session,
) -> EndpointView:
    """Change a webhook endpoint

    Fields that are left out stay as they are. `event_types` null: all. An endpoint that is enabled
    again is sent what happens from then on; ask for a replay of what it has missed.
    """
    command = ChangeEndpoint(**body.model_dump(exclude_unset=True))
    return service.change_endpoint(session, caller.actor, endpoint.uuid, command, at=request.now)


@routes.delete(ENDPOINT_PATH)
def delete_webhook_endpoint(
    endpoint: OwnedOrDeleted, caller: Caller, request: HttpRequest, session: Session
) -> None:
    """Delete a webhook endpoint

    Nothing more is sent to it, and what waits to be sent is dropped.
    """
    service.delete_endpoint(session, caller.actor, endpoint.uuid, at=request.now)


@routes.post(
    f"{ENDPOINT_PATH}/rotate-secret",
    example={"secret": _SECRET, "previous_secret_expires_at": "2026-02-25T09:30:00Z"},
)
def rotate_webhook_secret(
    endpoint: OwnedEndpoint,
    body: SecretBody,
    caller: Caller,
    request: HttpRequest,
    session: Session,
) -> Answer[RotatedSecretView]:
    """Rotate the secret of a webhook endpoint

    For 24 hours both the new secret and the one before sign every request; then only the new one.
    """
    rotated = service.rotate_endpoint_secret(
        session, caller.actor, endpoint.uuid, at=request.now, secret=body.secret
    )
    return Answer(rotated, kept=msgspec.structs.replace(rotated, secret=None))


@routes.post(f"{ENDPOINT_PATH}/ping", status=202, example={"event_id": f"evt_{'0' * 31}1"})
def ping_webhook_endpoint(
    endpoint: OwnedEndpoint, caller: Caller, request: HttpRequest, session: Session
) -> PingView:
    """Send a test to a webhook endpoint

    An event of the type `ping`, whatever types the endpoint wants. It is sent like every other.
    """
    return service.ping_endpoint(session, caller.actor, endpoint.uuid, at=request.now)
