"""Events: what happened, as the log and webhooks tell it."""

from datetime import datetime

from bursar_client.values import Record


class EventObject(Record):
    type: str
    uuid: str | None = None
    version: int | None = None


class EventActor(Record):
    kind: str
    id: str | None = None


class Event(Record):
    id: str
    """The same wherever the event is told."""
    type: str
    timestamp: datetime
    data: dict[str, object] = {}
    enterprise_customer_uuid: str | None = None
    object: EventObject | None = None
    actor: EventActor | None = None
    request_id: str | None = None
    cursor: str | None = None
    """The place behind the event in the log."""
    also_known_as: str | None = None
