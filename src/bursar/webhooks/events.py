"""What happens to the endpoints of webhooks."""

from dataclasses import dataclass
from typing import ClassVar, Final

from bursar.events.event import Event
from bursar.webhooks.views import EndpointView

OBJECT_TYPE: Final = "webhook_endpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointEvent(Event):
    object_type: ClassVar[str] = OBJECT_TYPE

    data: EndpointView


class EndpointCreated(EndpointEvent):
    type: ClassVar[str] = "endpoint.created"


class EndpointChanged(EndpointEvent):
    type: ClassVar[str] = "endpoint.changed"


class EndpointDeleted(EndpointEvent):
    type: ClassVar[str] = "endpoint.deleted"


class EndpointSecretRotated(EndpointEvent):
    """A new secret signs beside the one before, which ends in a day."""

    type: ClassVar[str] = "endpoint.secret_rotated"


class EndpointReplayed(EndpointEvent):
    """Somebody asked for events of the past to be sent again."""

    type: ClassVar[str] = "endpoint.replayed"


class EndpointDisabled(EndpointEvent):
    """It failed for too long, or said that it is gone; nothing is sent to it any more."""

    type: ClassVar[str] = "endpoint.disabled"
    is_public: ClassVar[bool] = True


class EndpointPinged(EndpointEvent):
    """A test: it is sent to the endpoint that it is about, and to no other."""

    type: ClassVar[str] = "ping"
    is_public: ClassVar[bool] = True
