"""How often claim pages are answered: an address that tries links is stopped soon, one link is
opened no more often than a person does, and whoever has a good link never waits for others."""

import hashlib
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

BAD_A_MINUTE: Final = 30
"""Unknown links that one address may try, in each process."""
OPENED_A_MINUTE: Final = 60
"""How often one link may be opened."""
WAIT_SECONDS: Final = 60
"""After so long everybody may try again."""


class TooOften(Exception):
    """An address has tried too many links, or a link was opened too often."""


class PageLimits:
    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._bad = RateLimitItemPerMinute(BAD_A_MINUTE)
        self._opened = RateLimitItemPerMinute(OPENED_A_MINUTE)

    def check(self, address: str, token: str) -> None:
        """Counts that a link is opened. Raises TooOften."""
        if not self._limiter.test(self._bad, "bad", address):
            raise TooOften
        # Not the link itself: whoever reads the memory of a process learns none.
        digest = hashlib.sha256(token.encode()).hexdigest()
        if not self._limiter.hit(self._opened, "opened", digest):
            raise TooOften

    def note_bad(self, address: str) -> None:
        self._limiter.hit(self._bad, "bad", address)
