"""Endpoints as the API shows them. A secret is shown once, when it is made."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from bursar.database.types import AnyRow
from bursar.webhooks.models import WebhookEndpoint


class EndpointView(msgspec.Struct, frozen=True):
    uuid: UUID
    enterprise_customer_uuid: UUID
    url: str
    description: str
    event_types: list[str] | None
    enabled: bool
    disabled_at: datetime | None
    disabled_reason: str | None
    last_success_at: datetime | None
    failing_since: datetime | None
    created: datetime
    modified: datetime


class Troubled(NamedTuple):
    """How many endpoints of an enterprise do not get what is meant for them."""

    failing: int
    """They are tried again."""
    given_up: int
    """They were disabled, and not by a person."""


class NewEndpointView(EndpointView, frozen=True):
    secret: str | None
    """Null when the answer is repeated."""


class RotatedSecretView(msgspec.Struct, frozen=True):
    secret: str | None
    """Null when the answer is repeated."""
    previous_secret_expires_at: datetime


class PingView(msgspec.Struct, frozen=True):
    event_id: str
    """The `webhook-id` of the request that the endpoint gets."""


class AttemptItem(msgspec.Struct, frozen=True):
    """One request, and what came of it."""

    number: int
    at: datetime
    outcome: str
    status: int | None
    """Of the answer; null when there was none."""
    answer: str | None
    """The beginning of the answer, or why there was none."""
    seconds: float


class DeliveryItem(msgspec.Struct, frozen=True):
    """An event that was or will be sent to an endpoint."""

    uuid: UUID
    event_id: str | None
    event_type: str
    status: str
    created: datetime
    next_attempt_at: datetime | None
    error: str | None
    attempts: list[AttemptItem]
    number: int
    """Its place among all deliveries: `before` of the next page."""


class ReplayView(msgspec.Struct, frozen=True):
    """Which part of the log is sent again: the positions after the first, up to the second."""

    after: int
    until: int


def view_of_endpoint(row: WebhookEndpoint | AnyRow) -> EndpointView:
    return EndpointView(
        uuid=row.uuid,
        enterprise_customer_uuid=row.enterprise_uuid,
        url=row.url,
        description=row.description,
        event_types=row.event_types,
        enabled=row.disabled_at is None,
        disabled_at=row.disabled_at,
        disabled_reason=row.disabled_reason,
        last_success_at=row.succeeded_at,
        failing_since=row.failing_since,
        created=row.created_at,
        modified=row.modified_at,
    )


def with_secret(view: EndpointView, secret: str | None) -> NewEndpointView:
    return NewEndpointView(**msgspec.structs.asdict(view), secret=secret)
