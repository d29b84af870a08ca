"""How patient senders are: what an answer says about the other side, and when something is tried
again. No function has effects."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import uniform
from typing import Final

from bursar.outgoing.reply import Reply

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
SHORTEST_BREAK: Final = timedelta(seconds=5)
LONGEST_BREAK: Final = timedelta(minutes=5)
_DOWN: Final = frozenset({None, 429, 502, 503, 504})


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


def varied_pauses(vary: Callable[[float, float], float] = uniform) -> Sequence[timedelta]:
    factor = vary(1 - JITTER, 1 + JITTER)
    return [pause * factor for pause in PAUSES]
