"""Faults as the API shows them."""

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


NO_FAULTS: Final = Faults()
