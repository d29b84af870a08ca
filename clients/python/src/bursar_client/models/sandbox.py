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


class Clock(Record):
    now: datetime
    ahead_seconds: int = 0
    """Of the clock on the wall."""


class HappenedEvent(Record):
    type: str
    object_type: str
    object_id: str
    at: datetime | None = None


class AdvancedClock(Clock):
    count: int = 0
    events: list[HappenedEvent] = []
    """The first 1,000 of the events that what was due has made."""


class LmsFaults(Record):
    slow_seconds: int = 0
    away: bool = False
    refuse_one_in: int | None = None


class MailFaults(Record):
    bounce: bool = False


class Faults(Record):
    lms: LmsFaults
    mail: MailFaults
