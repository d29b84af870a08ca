"""When a mail is tried again, and what may be said about it. Pure."""

import re
from datetime import datetime, timedelta
from typing import Final

from bursar.notifications.kinds import Attempt, AttemptOutcome, QueuedMail

BACKOFF: Final = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60, 240, 720, 1440))
"""Pauses after the first failure, the second...; after one more, a mail is given up."""

TOO_FAR_AHEAD: Final = BACKOFF[-1] + timedelta(hours=1)
"""No attempt is planned so late, and no claim lasts so long: a clock was wrong when it was made.
The hour is for clocks of two machines that differ."""

LONGEST_ERROR: Final = 300
LEASE: Final = timedelta(minutes=1)
"""How long a worker may keep mails without saying again that it has them. What a dead worker had
is sent again so much later."""
_ADDRESS: Final = re.compile(r"[^\s<>]+@[^\s<>]+")


def pause_after(attempts: int) -> timedelta | None:
    """After so many failed attempts; None: give it up."""
    return BACKOFF[attempts - 1] if attempts <= len(BACKOFF) else None


def delivered(mail: QueuedMail, now: datetime) -> Attempt:
    return Attempt(mail, AttemptOutcome.DELIVERED, now)


def failed(mail: QueuedMail, now: datetime, error: str, *, for_good: bool = False) -> Attempt:
    given_up = for_good or pause_after(mail.attempts + 1) is None
    outcome = AttemptOutcome.FAILED if given_up else AttemptOutcome.RETRYING
    return Attempt(mail, outcome, now, without_addresses(error)[:LONGEST_ERROR])


def without_addresses(text: str) -> str:
    """One line that may be kept and logged: mail servers like to quote whom they refuse."""
    return one_line(_ADDRESS.sub("(address)", text))


def one_line(text: str) -> str:
    """Nothing in it can begin a line or a header of its own."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
