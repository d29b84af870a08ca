"""What operators do to mails. What comes of a mail is told by the domain that it is about."""

from typing import ClassVar

from bursar.events.event import Event


class MailRetried(Event):
    """A mail that waited for its next attempt, or was given up, is due now."""

    type: ClassVar[str] = "mail.retried"
    object_type: ClassVar[str] = "mail"
