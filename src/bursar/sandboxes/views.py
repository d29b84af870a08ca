"""Clocks and faults as the API shows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec


class LmsFaults(msgspec.Struct, frozen=True):
    """Of the LMS, when it enrolls learners and ends enrollments."""

    slow_seconds: int = 0
    away: bool = False
    refuse_one_in: int | None = None


class MailFaults(msgspec.Struct, frozen=True):
    bounce: bool = False


class Faults(msgspec.Struct, frozen=True):
    lms: LmsFaults = LmsFaults()
    mail: MailFaults = MailFaults()


class ClockView(msgspec.Struct, frozen=True):
    now: datetime
    ahead_seconds: int
    """Of the clock on the wall."""


class HappenedEvent(msgspec.Struct, frozen=True):
    """A public event, as far as it is known before it has its place in the log."""

    type: str
    object_type: str
    object_id: str
    at: datetime


class AdvancedClock(msgspec.Struct, frozen=True):
    now: datetime
    ahead_seconds: int
    count: int
    """Of the events that what was due has made."""
    events: Sequence[HappenedEvent]
    """The first of them."""


NO_FAULTS: Final = Faults()
