"""What happens to enterprises, clients and signing keys."""

from dataclasses import dataclass
from typing import ClassVar

from bursar.events.event import Event
from bursar.identity.views import ClientView


class EnterpriseCreated(Event):
    type: ClassVar[str] = "enterprise.created"
    object_type: ClassVar[str] = "enterprise"


class EnterpriseChanged(Event):
    type: ClassVar[str] = "enterprise.changed"
    object_type: ClassVar[str] = "enterprise"


class EnterpriseSuspended(Event):
    """Its clients are refused, and nothing is sent for it."""

    type: ClassVar[str] = "enterprise.suspended"
    object_type: ClassVar[str] = "enterprise"


class EnterpriseResumed(Event):
    """It is in use again."""

    type: ClassVar[str] = "enterprise.resumed"
    object_type: ClassVar[str] = "enterprise"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEvent(Event):
    """Each enterprise that the client acts for is told by an event of its own."""

    object_type: ClassVar[str] = "client"
    is_public: ClassVar[bool] = True

    data: ClientView


class ClientCreated(ClientEvent):
    type: ClassVar[str] = "client.created"


class ClientGranted(ClientEvent):
    """A client may act for an enterprise for which it could not act before."""

    type: ClassVar[str] = "client.granted"


class ClientRoleChanged(ClientEvent):
    type: ClassVar[str] = "client.role_changed"


class ClientSecretReplaced(ClientEvent):
    """A declared secret has ended all others."""

    type: ClassVar[str] = "client.secret_replaced"


class ClientSecretRotated(ClientEvent):
    """A new secret is live beside the newest of the old ones."""

    type: ClassVar[str] = "client.secret_rotated"


class ClientDisabled(ClientEvent):
    type: ClassVar[str] = "client.disabled"


class ClientEnabled(ClientEvent):
    type: ClassVar[str] = "client.enabled"


class ClientFormatChanged(ClientEvent):
    type: ClassVar[str] = "client.format_changed"


class SigningKeyCreated(Event):
    type: ClassVar[str] = "signing_key.created"
    object_type: ClassVar[str] = "signing_key"


class SigningKeyRevoked(Event):
    type: ClassVar[str] = "signing_key.revoked"
    object_type: ClassVar[str] = "signing_key"
