"""Delays refusals for an address that collects them, so that whoever sends the next request only
after an answer slows itself down. Good answers are never delayed, whatever else their address
sends."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from cachetools import LRUCache

from bursar.web.callers import Network, caller_of

PERIOD_SECONDS: Final = 10
DELAY_SECONDS: Final = 1.0
_MOST_ADDRESSES: Final = 10_000
MOST_HELD: Final = 1_000
"""Answers of one process that are held back at once, since each takes memory. Further ones are
sent without delay."""

CHECKS_TOKEN: Final = "checks_token"  # noqa: S105 - a name
"""In the state of a request: whoever answers it verifies a token first."""


class HoldingBack:
    """Counts refusals by address. For use in one event loop."""

    def __init__(
        self,
        allowed: int,
        proxies: Sequence[Network] = (),
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`allowed`: refusals of one address, in ten seconds, that are not delayed."""
        self._allowed = allowed
        self._proxies = proxies
        self._monotonic = monotonic
        # The least recently refused address is forgotten first.
        self._refusals: LRUCache[tuple[str, int], int] = LRUCache(_MOST_ADDRESSES)
        self.held = 0

    async def answered(self, scope: Any, status: int) -> float:
        """To be awaited before an answer is sent. Returns for how many seconds it was held."""
        if not _is_refusal(scope, status) or not self._is_too_many(scope):
            return 0.0
        if self.held >= MOST_HELD:
            return 0.0
        self.held += 1
        try:
            await asyncio.sleep(DELAY_SECONDS)
        finally:
            self.held -= 1
        return DELAY_SECONDS

    def _is_too_many(self, scope: Any) -> bool:
        key = caller_of(scope, self._proxies), int(self._monotonic() // PERIOD_SECONDS)
        count = self._refusals.get(key, 0) + 1
        self._refusals[key] = count
        return count > self._allowed


def _is_refusal(scope: Any, status: int) -> bool:
    """Whether the caller was refused without having shown a good token. With one, 404 or 422 are
    everyday answers."""
    if status in {401, 431}:
        return True
    return 400 <= status < 500 and not scope["state"].get(CHECKS_TOKEN)
