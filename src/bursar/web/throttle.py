"""The optional rate limit for each client (per process; off unless set)."""

import math
import time

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from bursar.web.errors import Throttled


class ClientThrottle:
    def __init__(self, rate: str) -> None:
        self._rate = parse(rate) if rate else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, client_id: str) -> None:
        """Counts one request. Raises Throttled when the limit is exceeded."""
        if self._rate is None or self._limiter.hit(self._rate, client_id):
            return
        reset = self._limiter.get_window_stats(self._rate, client_id).reset_time
        raise Throttled(max(1, math.ceil(reset - time.time())))
