"""Decides when a mail is tried again, and what may be said about it. No function has effects."""

import re
from datetime import datetime, timedelta
from typing import Final

from bursar.delivery.channel import Attempt, AttemptOutcome, QueuedMail

BACKOFF: Final = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60, 240, 720, 1440))
"""The pause after the first failure, the second and so on. One more failure gives the mail up."""

TOO_FAR_AHEAD: Final = BACKOFF[-1] + timedelta(hours=1)
"""No attempt is planned so late and no lease lasts so long, so an instant beyond it was written by
a wrong clock and counts as reached. The hour is for machines whose clocks differ."""

LONGEST_ERROR: Final = 300
LEASE: Final = timedelta(minutes=1)
"""How long a worker may keep mails without renewing its lease. The mails of a worker that died are
sent this much later."""
_ADDRESS: Final = re.compile(r"[^\s<>]+@[^\s<>]+")


def pause_after(attempts: int) -> timedelta | None:
    """The pause after this many failed attempts; None gives the mail up."""
    return BACKOFF[attempts - 1] if attempts <= len(BACKOFF) else None


def delivered(mail: QueuedMail, now: datetime) -> Attempt:
    return Attempt(mail, AttemptOutcome.DELIVERED, now)


def failed(mail: QueuedMail, now: datetime, error: str, *, for_good: bool = False) -> Attempt:
    given_up = for_good or pause_after(mail.attempts + 1) is None
    outcome = AttemptOutcome.FAILED if given_up else AttemptOutcome.RETRYING
    return Attempt(mail, outcome, now, without_addresses(error)[:LONGEST_ERROR])


def without_addresses(text: str) -> str:
    """One line without addresses, because mail servers quote the address that they refuse."""
    return one_line(_ADDRESS.sub("(address)", text))


def one_line(text: str) -> str:
    """Removes everything that could begin a line or a header of its own."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
