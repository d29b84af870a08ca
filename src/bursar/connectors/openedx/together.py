"""Several calls at once, of which each has its own outcome."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Final, TypeVar

import structlog

from bursar import tracing
from bursar.connectors.openedx.answers import ClientRefused
from bursar.enrollment.gateway import LmsUnavailable

T = TypeVar("T")
R = TypeVar("R")

AWAY_AFTER: Final = 5
"""So many calls in a row without an answer mean that the LMS is away. Fewer may be the fault of the
accounts or course runs that they are about."""

_log = structlog.get_logger(__name__)


class _Availability:
    """Decides whether the calls that have not begun are worth making."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._in_a_row = 0
        self.trouble: LmsUnavailable | None = None
        """Is set once the LMS counts as away."""

    def note_answer(self) -> None:
        with self._lock:
            self._in_a_row = 0

    def note(self, trouble: LmsUnavailable) -> None:
        with self._lock:
            self._in_a_row += 1
            if self.trouble is None and (speaks_for_all(trouble) or self._in_a_row >= AWAY_AFTER):
                self.trouble = trouble
                _log.warning("the LMS is away, so the other calls are left", reason=str(trouble))


def speaks_for_all(trouble: LmsUnavailable) -> bool:
    """Whether other calls would fare no better: the LMS accepts nothing from Bursar's client, or
    has asked for a pause."""
    return isinstance(trouble, ClientRefused) or trouble.retry_after is not None


def not_begun(trouble: LmsUnavailable) -> LmsUnavailable:
    """The same trouble, of a call that was not made because of it."""
    if isinstance(trouble, ClientRefused):
        return ClientRefused(str(trouble))
    return LmsUnavailable(str(trouble), trouble.retry_after, may_be_done=False)


def is_stumble(answer: object) -> bool:
    """Whether it is trouble that only this call may have."""
    return isinstance(answer, LmsUnavailable) and not speaks_for_all(answer)


def in_threads(
    act: Callable[[T], R], things: Sequence[T], threads: int
) -> dict[T, R | LmsUnavailable]:
    """The result of each thing, or why there is none.

    A call without an answer decides nothing about the others, until the LMS counts as away. The
    order is random, so that things without an answer never keep the same others from being tried.
    """
    availability = _Availability()

    def attempt(thing: T) -> R | LmsUnavailable:
        if availability.trouble is not None:
            return not_begun(availability.trouble)
        try:
            result = act(thing)
        except LmsUnavailable as trouble:
            availability.note(trouble)
            return trouble
        availability.note_answer()
        return result

    shuffled = random.sample(things, len(things))
    with ThreadPoolExecutor(threads) as pool:
        return dict(zip(shuffled, pool.map(tracing.carrying(attempt), shuffled), strict=True))
