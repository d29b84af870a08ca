"""Decides what an answer means, and when something is tried again. No function has effects."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import uniform
from typing import Final

from bursar.delivery.service import Attempt, QueuedDelivery, delivered, failed
from bursar.webhooks.reply import Reply

PAUSES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=each) for each in (2, 5, 10, 14, 20, 24)),
)
"""After the first failure, the second and so on. One more failure gives a delivery up."""
JITTER: Final = 0.1
"""By which share a pause is shorter or longer, so that what failed together is not tried again
together."""
PATIENCE: Final = timedelta(days=5)
"""An endpoint that fails for so long, without one success, is disabled."""
SHORTEST_BREAK: Final = timedelta(seconds=5)
LONGEST_BREAK: Final = timedelta(minutes=5)
_GONE: Final = 410
_DOWN: Final = frozenset({None, 429, 502, 503, 504})


def attempt_of(
    delivery: QueuedDelivery,
    reply: Reply,
    now: datetime,
    vary: Callable[[float, float], float] = uniform,
) -> Attempt:
    """What is recorded of an attempt."""
    seconds = round(reply.seconds, 3)
    if reply.succeeded:
        return delivered(delivery, now, status=reply.status, answer=reply.text, seconds=seconds)
    return failed(
        delivery,
        now,
        why_failed(reply),
        for_good=is_gone(reply),
        pauses=_varied(vary),
        not_before=wanted_retry(reply, now),
        status=reply.status,
        answer=None if reply.status is None else reply.text,
        seconds=seconds,
    )


def why_failed(reply: Reply) -> str:
    if reply.status is None:
        return reply.text
    if 300 <= reply.status < 400:
        return f"The endpoint answered {reply.status}. Redirects are not followed."
    return f"The endpoint answered {reply.status}."


def is_gone(reply: Reply) -> bool:
    """Whether the endpoint wants to be told nothing any more."""
    return reply.status == _GONE


def is_down(reply: Reply) -> bool:
    """Whether other requests would fare no better now."""
    return reply.status in _DOWN


def break_after(reply: Reply, failing_since: datetime | None, now: datetime) -> timedelta:
    """For how long an endpoint that is down is left alone. It grows with the time that it has been
    down."""
    length = (now - failing_since) / 2 if failing_since is not None else SHORTEST_BREAK
    length = min(max(length, SHORTEST_BREAK), LONGEST_BREAK)
    wanted = wanted_retry(reply, now)
    return length if wanted is None else min(max(length, wanted - now), PAUSES[-1])


def wanted_retry(reply: Reply, now: datetime) -> datetime | None:
    """When the other side asked to be tried again: in a number of seconds, or at an instant."""
    text = (reply.retry_after or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return now + timedelta(seconds=int(text))
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def _varied(vary: Callable[[float, float], float]) -> Sequence[timedelta]:
    factor = vary(1 - JITTER, 1 + JITTER)
    return [pause * factor for pause in PAUSES]
