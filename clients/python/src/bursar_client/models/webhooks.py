"""Endpoints that a server sends webhooks to."""

from datetime import datetime

from bursar_client.values import Record


class WebhookEndpoint(Record):
    uuid: str
    url: str
    enterprise_customer_uuid: str | None = None
    description: str = ""
    event_types: list[str] | None = None
    """None: all."""
    enabled: bool = True
    disabled_at: datetime | None = None
    disabled_reason: str | None = None
    last_success_at: datetime | None = None
    failing_since: datetime | None = None
    created: datetime | None = None
    modified: datetime | None = None
    secret: str | None = None
    """Only in the answer to the creation."""


class RotatedSecret(Record):
    secret: str | None = None
    previous_secret_expires_at: datetime | None = None


class DeliveryAttempt(Record):
    number: int
    outcome: str
    at: datetime | None = None
    status: int | None = None
    answer: str | None = None
    seconds: float | None = None


class Delivery(Record):
    uuid: str
    event_type: str
    status: str
    event_id: str | None = None
    created: datetime | None = None
    next_attempt_at: datetime | None = None
    error: str | None = None
    attempts: list[DeliveryAttempt] = []
    number: int | None = None


class Replay(Record):
    after: str | None = None
    until: str | None = None


class Ping(Record):
    event_id: str
