"""Decides what an answer means to an endpoint. No function has effects."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import uniform
from typing import Final

from bursar.delivery.service import Attempt, QueuedDelivery, delivered, failed
from bursar.outgoing.patience import varied_pauses, wanted_retry
from bursar.outgoing.reply import Reply

PATIENCE: Final = timedelta(days=5)
"""An endpoint that fails for so long, without one success, is disabled."""
_GONE: Final = 410


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
        pauses=varied_pauses(vary),
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
