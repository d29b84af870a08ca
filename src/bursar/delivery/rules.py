"""Decides when something is tried again, and what may be said about it. No function has effects."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from bursar.delivery.channel import Attempt, AttemptOutcome, QueuedDelivery

BACKOFF: Final = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60, 240, 720, 1440))
"""The pause of a mail after the first failure, the second and so on. One more failure gives it up.
Other channels have pauses of their own."""

LONGEST_PAUSE: Final = timedelta(hours=30)
"""No attempt is put off for longer, whatever the other side asks for."""
TOO_FAR_AHEAD: Final = LONGEST_PAUSE + timedelta(hours=1)
"""No attempt is planned so late and no lease lasts so long, so an instant beyond it was written by
a wrong clock and counts as reached. The hour is for machines whose clocks differ."""

KEPT: Final = "kept for `bursar mail show`: BURSAR_SMTP_URL names no mail server"
"""The answer of an attempt at a mail where there is no mail server."""
LONGEST_ERROR: Final = 300
LONGEST_ANSWER: Final = 2_000
MARGIN: Final = timedelta(minutes=1)
"""How much longer a lease is than the longest attempt: for what comes before and after it, and for
further attempts in the same lease."""
_ADDRESS: Final = re.compile(r"[^\s<>]+@[^\s<>]+")
_ADDRESS_IN_ANSWER: Final = re.compile(r"[^\s@,:;<>()\[\]{}\\\"'&=/]+(?:@|%40)[\w.-]+")


def pause_after(attempts: int, pauses: Sequence[timedelta] = BACKOFF) -> timedelta | None:
    """The pause after this many failed attempts; None gives up."""
    return pauses[attempts - 1] if attempts <= len(pauses) else None


def delivered(
    delivery: QueuedDelivery,
    now: datetime,
    *,
    status: int | None = None,
    answer: str | None = None,
    seconds: float = 0.0,
) -> Attempt:
    return Attempt(
        delivery, AttemptOutcome.DELIVERED, now, None, status=status, answer=answer, seconds=seconds
    )


def failed(
    delivery: QueuedDelivery,
    now: datetime,
    error: str,
    *,
    for_good: bool = False,
    pauses: Sequence[timedelta] = BACKOFF,
    not_before: datetime | None = None,
    status: int | None = None,
    answer: str | None = None,
    seconds: float = 0.0,
) -> Attempt:
    """Given up `for_good`, or after the last of the pauses. `not_before` is when the other side
    asked to be tried again, which counts where it is later."""
    pause = None if for_good else pause_after(delivery.attempts + 1, pauses)
    next_at = None if pause is None else now + pause
    if next_at is not None and not_before is not None:
        next_at = min(max(next_at, not_before), now + LONGEST_PAUSE)
    return Attempt(
        delivery,
        AttemptOutcome.FAILED if next_at is None else AttemptOutcome.RETRYING,
        now,
        without_addresses(error)[:LONGEST_ERROR],
        status=status,
        answer=answer,
        seconds=seconds,
        next_at=next_at,
    )


def without_addresses(text: str) -> str:
    """One line without addresses, because mail servers quote the address that they refuse."""
    return one_line(_ADDRESS.sub("(address)", text))


def kept_answer(text: str | None) -> str | None:
    """The beginning of an answer, without addresses: those who send data back to us would otherwise
    have people's addresses kept where nobody looks for them."""
    if text is None:
        return None
    seen = "".join(each if each.isprintable() or each == "\n" else " " for each in text)
    return _ADDRESS_IN_ANSWER.sub("(address)", seen)[:LONGEST_ANSWER]


def one_line(text: str) -> str:
    """Removes everything that could begin a line or a header of its own."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
