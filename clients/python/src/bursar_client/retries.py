"""When a request is sent again, decided without sending anything."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from bursar_client.errors import ConnectionFailed
from bursar_client.wire import Answer, Request, error_of, seconds_of

# The server says with these that it did nothing, and means it: a change is one transaction.
NOTHING_DONE = frozenset({408, 429, 503})
# A proxy that got no answer does not know what the server did.
UNCERTAIN = frozenset({502, 504})
# The request did not leave.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class Retries:
    """How often and how long a request is tried. `Retry-After` is waited for if there is time."""

    attempts: int = 6
    patience: float = 120.0
    """Seconds to wait in all, for one request."""
    first_wait: float = 0.5
    longest_wait: float = 30.0

    def wait(self, failures: int) -> float:
        """Doubled with each failure, of random length, so that clients do not come at once."""
        longest = min(self.longest_wait, self.first_wait * 2 ** min(failures - 1, 30))
        return random.uniform(longest / 2, longest)


NEVER = Retries(attempts=1)
ENDLESS = Retries(attempts=10**9, patience=float("inf"))


class Attempts:
    """Of one request. Each method says how many seconds to wait before the next attempt."""

    def __init__(self, request: Request, retries: Retries) -> None:
        self._request = request
        self._retries = retries
        self._failures = 0
        self._waited = 0.0
        self._done_perhaps = False

    def after_silence(self, error: httpx.HTTPError) -> float:
        """Raises when the request may not be sent again."""
        wait = self._next_wait(None) if self._may_repeat(error) else None
        if wait is None:
            message = f"{self._request.method} {self._request.path}: {error!r}"
            raise ConnectionFailed(message) from error
        return wait

    def after_answer(self, answer: Answer) -> float | None:
        """None: the answer is to be used. Raises what the server refuses."""
        if answer.status < 400 or self._was_deleted(answer):
            return None
        now = datetime.now(UTC)
        wait = self._next_wait(seconds_of(answer.headers, now)) if self._passes(answer) else None
        if wait is None:
            raise error_of(answer, now)
        return wait

    def _may_repeat(self, error: httpx.HTTPError) -> bool:
        if not isinstance(error, NOT_SENT):
            self._done_perhaps = True
        return self._request.may_be_repeated or not self._done_perhaps

    def _passes(self, answer: Answer) -> bool:
        if answer.status in UNCERTAIN:
            self._done_perhaps = True
            return self._request.may_be_repeated
        return answer.status in NOTHING_DONE

    def _was_deleted(self, answer: Answer) -> bool:
        """By the attempt of whose answer nothing came."""
        return self._request.method == "DELETE" and answer.status == 404 and self._done_perhaps

    def _next_wait(self, asked_for: float | None) -> float | None:
        self._failures += 1
        wait = self._retries.wait(self._failures)
        if asked_for is not None:
            wait = max(wait, asked_for)
        self._waited += wait
        given_up = self._failures >= self._retries.attempts
        return None if given_up or self._waited > self._retries.patience else wait
