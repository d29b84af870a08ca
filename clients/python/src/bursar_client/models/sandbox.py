"""What there is for sandboxes: enterprises that exist for tests."""

from datetime import datetime

from bursar_client.values import Record


class CapturedMail(Record):
    """A mail that was never sent."""

    uuid: str
    kind: str
    to: str
    status: str
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    at: datetime | None = None
    reason: str | None = None
    """Why it was dropped or failed, or cannot be read."""
    number: int | None = None


class LmsFaults(Record):
    slow_seconds: int = 0
    away: bool = False
    refuse_one_in: int | None = None


class MailFaults(Record):
    bounce: bool = False


class Faults(Record):
    lms: LmsFaults
    mail: MailFaults
