"""What operators do to deliveries. What comes of one is told by the domain that it is about."""

from typing import ClassVar

from bursar.events.event import Event


class MailRetried(Event):
    """A mail that waited for its next attempt, or was given up, is due now."""

    type: ClassVar[str] = "mail.retried"
    object_type: ClassVar[str] = "mail"


class DeliveryRetried(Event):
    """The same for what leaves by another channel."""

    type: ClassVar[str] = "delivery.retried"
    object_type: ClassVar[str] = "delivery"
