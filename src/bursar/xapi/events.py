"""What happens to declared connections. What is sent is in the ledger of deliveries."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from bursar.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEvent(Event):
    object_type: ClassVar[str] = "xapi_connection"

    enterprise_uuid: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionCreated(ConnectionEvent):
    type: ClassVar[str] = "xapi_connection.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChanged(ConnectionEvent):
    type: ClassVar[str] = "xapi_connection.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRemoved(ConnectionEvent):
    """It is no longer declared, and nothing more is sent."""

    type: ClassVar[str] = "xapi_connection.removed"
