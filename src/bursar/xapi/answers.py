"""What the answers of a learning record store mean. No function has effects."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from random import uniform
from typing import Any, Final

from bursar.delivery.service import Attempt, QueuedDelivery, delivered, failed
from bursar.outgoing.patience import is_down, varied_pauses, wanted_retry
from bursar.outgoing.reply import Reply

SEALED: Final = "No secret of BURSAR_SECRET_KEY opens the secret of the connection."
CONFLICT: Final = "The store has another statement with this id."
HAS_IT: Final = "The store has this statement already."
_OK, _NO_CONTENT, _CONFLICT = 200, 204, 409
_ABOUT_STATEMENTS: Final = frozenset({400, _CONFLICT, 413, 422})
"""Everything else that is no success is about the connection: its address, its key, its state."""


def has_stored(reply: Reply) -> bool:
    """Whether it answers as a store does that has the statements now. A page in HTML, such as that
    of a login, is no such answer, whatever its status is."""
    if reply.status == _NO_CONTENT:
        return True
    if reply.status != _OK:
        return False
    ids = _json(reply.text)
    return isinstance(ids, list) and all(isinstance(each, str) for each in ids)


def is_defect(reply: Reply) -> bool:
    """Whether the store failed at the statements, and would perhaps not fail again, or not at all
    of them."""
    return reply.status is not None and reply.status >= 500 and not is_down(reply)


def is_about_statements(reply: Reply) -> bool:
    """Whether other statements may fare better."""
    return reply.status in _ABOUT_STATEMENTS or is_defect(reply)


def is_conflict(reply: Reply) -> bool:
    return reply.status == _CONFLICT


def found_statement(reply: Reply) -> Mapping[str, Any] | None:
    """The statement that was asked for by its id. Some stores answer with a list of one."""
    found = _json(reply.text) if reply.status == _OK else None
    if isinstance(found, dict) and isinstance(found.get("statements"), list):
        found = next(iter(found["statements"]), None)
    return found if isinstance(found, dict) else None


def stored(delivery: QueuedDelivery, reply: Reply, now: datetime) -> Attempt:
    return delivered(delivery, now, status=reply.status, answer=reply.text, seconds=_seconds(reply))


def known_before(delivery: QueuedDelivery, reply: Reply, now: datetime) -> Attempt:
    return delivered(delivery, now, status=reply.status, answer=HAS_IT, seconds=_seconds(reply))


def conflicting(delivery: QueuedDelivery, reply: Reply, now: datetime) -> Attempt:
    return _failed(delivery, reply, now, CONFLICT, for_good=True)


def refused(
    delivery: QueuedDelivery,
    reply: Reply,
    now: datetime,
    vary: Callable[[float, float], float] = uniform,
) -> Attempt:
    """A statement that the store does not want is given up at once; all else is tried again."""
    for_good = is_about_statements(reply) and not is_defect(reply) and not is_conflict(reply)
    return _failed(delivery, reply, now, why_failed(reply), for_good=for_good, vary=vary)


def why_failed(reply: Reply) -> str:
    if reply.status is None:
        return reply.text
    if reply.succeeded:
        return f"It answered {reply.status}, but not as a learning record store does."
    if 300 <= reply.status < 400:
        return f"It answered {reply.status}. Redirects are not followed."
    return f"It answered {reply.status}."


def _failed(
    delivery: QueuedDelivery,
    reply: Reply,
    now: datetime,
    why: str,
    *,
    for_good: bool,
    vary: Callable[[float, float], float] = uniform,
) -> Attempt:
    return failed(
        delivery,
        now,
        why,
        for_good=for_good,
        pauses=varied_pauses(vary),
        not_before=wanted_retry(reply, now),
        status=reply.status,
        answer=None if reply.status is None else reply.text,
        seconds=_seconds(reply),
    )


def _seconds(reply: Reply) -> float:
    return round(reply.seconds, 3)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
