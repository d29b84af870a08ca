"""Calls to an Open edX LMS over HTTP: tokens, repeated attempts, limits on time and size."""

import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import BoundedSemaphore, Lock
from typing import Any, Final, Generic, TypeVar

import httpx
import structlog
from pydantic import SecretStr

from bursar import clock, tracing
from bursar.connectors.openedx.answers import (
    Answer,
    ClientRefused,
    PassingTrouble,
    TokenAnswer,
    answer_of,
    instant_of,
    retry_after_of,
    seconds_to_keep,
)
from bursar.connectors.openedx.patience import Patience
from bursar.counting import LMS_CALLS
from bursar.enrollment.gateway import LmsUnavailable
from bursar.settings import Settings

T = TypeVar("T")
Sleep = Callable[[float], None]

MAX_ANSWER_BYTES: Final = 1024 * 1024
_TOKEN_PATH: Final = "/oauth2/access_token"  # noqa: S105 - a path
# Answers must not be compressed, because a short one could unpack to a very long one.
_HEADERS: Final = {
    "Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "bursar",
}  # fmt: skip

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LmsAccess:
    url: str
    client_id: str
    client_secret: SecretStr
    timeout: float = 10.0
    """Seconds for each attempt, and for each wait for the network within it."""
    attempts: int = 4
    connections: int = 4

    @classmethod
    def of(cls, settings: Settings) -> "LmsAccess":
        return cls(
            settings.lms_url,
            settings.lms_client_id,
            settings.lms_client_secret,
            settings.lms_timeout,
            settings.lms_attempts,
            settings.lms_connections,
        )


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    name: str
    """The name of the call in the log. The path is not logged, because it contains usernames."""
    method: str
    path: str
    kind: type[T]
    """The type of the JSON in a successful answer."""
    json: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    expires: float
    """When the token expires, on the monotonic clock."""


class LmsClient:
    """A client that any number of threads may use at once."""

    def __init__(self, access: LmsAccess, sleep: Sleep = time.sleep) -> None:
        _keep_addresses_out_of_the_log()
        self._access = access
        self._sleep = sleep
        self._token: _Token | None = None
        self._dated: tuple[str, datetime] | None = None
        """The `Date` of the last answer, and when it came."""
        self._renewal = Lock()
        self._places = BoundedSemaphore(access.connections)
        """Is held while a call uses a connection, so that its time begins when it has one."""
        self._http = httpx.Client(
            base_url=access.url,
            headers=_HEADERS,
            timeout=httpx.Timeout(access.timeout, pool=None),
            limits=httpx.Limits(
                max_connections=access.connections, max_keepalive_connections=access.connections
            ),
            follow_redirects=False,
        )

    def close(self) -> None:
        self._http.close()

    def sign_in(self) -> None:
        """Gets a token, in one attempt. Raises LmsUnavailable."""
        try:
            self._current_token()
        except PassingTrouble as trouble:
            raise LmsUnavailable(
                trouble.reason, trouble.retry_after, may_be_done=False
            ) from trouble

    def clock_skew(self) -> float | None:
        """By how many seconds the LMS's clock was ahead of this one at its last answer. None before
        one, or when it told no time. The LMS tells whole seconds only."""
        if self._dated is None:
            return None
        told, here = self._dated
        there = instant_of(told)
        return None if there is None else (there - here).total_seconds()

    def call(self, call: Call[T], *, attempts: int | None = None) -> Answer[T]:
        """Makes the call, and repeats it for a while if it fails, as often as the settings say
        unless told otherwise. Raises LmsUnavailable."""
        patience, started = Patience(attempts or self._access.attempts), time.monotonic()
        may_be_done = False
        while True:
            try:
                answer = self._attempt(call)
            except ClientRefused as refusal:
                refusal.may_be_done = may_be_done
                raise
            except PassingTrouble as trouble:
                may_be_done = may_be_done or trouble.may_be_done
                elapsed = time.monotonic() - started
                pause = patience.pause_after(trouble, elapsed, random.random())
                tell = _log.warning if pause is None else _log.info
                tell("lms trouble", call=call.name, reason=trouble.reason, pause=pause)
                LMS_CALLS.labels("given up" if pause is None else "tried again").inc()
                if pause is None:
                    raise LmsUnavailable(
                        trouble.reason, trouble.retry_after, may_be_done=may_be_done
                    ) from trouble
                self._sleep(pause)
            else:
                LMS_CALLS.labels("answered").inc()
                return answer

    def _attempt(self, call: Call[T]) -> Answer[T]:
        token = self._current_token()
        answer = self._send_with(token, call)
        if answer.status == 401:
            self._forget(token)
            answer = self._send_with(self._current_token(), call)
        if answer.status == 401 or 300 <= answer.status < 400:
            raise ClientRefused(f"the LMS answers {call.name} with status {answer.status}")
        return answer

    def _send_with(self, token: _Token, call: Call[T]) -> Answer[T]:
        headers = {"Authorization": f"JWT {token.text}"}
        return self._send(
            call.name, call.kind, call.method, call.path, headers=headers, json=call.json
        )

    def _current_token(self) -> _Token:
        with self._renewal:
            if self._token is None or time.monotonic() >= self._token.expires:
                self._token = self._new_token()
            return self._token

    def _forget(self, token: _Token) -> None:
        with self._renewal:
            if self._token is token:
                self._token = None

    def _new_token(self) -> _Token:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._access.client_id,
            "client_secret": self._access.client_secret.get_secret_value(),
            "token_type": "jwt",
        }
        asked = time.monotonic()
        try:
            answer = self._send("token", TokenAnswer, "POST", _TOKEN_PATH, data=form)
        except PassingTrouble as trouble:
            # A token enrolls nobody, so whatever it was needed for has not begun.
            trouble.may_be_done = False
            raise
        if answer.content is None:
            raise ClientRefused(f"the LMS gives no access token: status {answer.status}")
        return _Token(answer.content.access_token, asked + seconds_to_keep(answer.content))

    def _send(self, name: str, kind: type[T], method: str, path: str, **content: Any) -> Answer[T]:
        with tracing.span(f"LMS {name}", "client", http__request__method=method) as span:
            status, headers, body = self._exchange(method, path, **content)
            span.note("http.response.status_code", status)
        retry_after = retry_after_of(headers.get("Retry-After"), clock.now())
        return answer_of(status, body, retry_after, kind)

    def _exchange(
        self, method: str, path: str, **content: Any
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of the answer. Raises PassingTrouble without one."""
        try:
            with self._places:
                deadline = time.monotonic() + self._access.timeout
                with self._http.stream(method, path, **content) as response:
                    self._dated = (response.headers.get("Date", ""), clock.now())
                    body = bounded(response.iter_raw(), deadline)
        except httpx.TimeoutException as error:
            never_reached = isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout)
            raise PassingTrouble(
                "the LMS did not answer in time", may_be_done=not never_reached
            ) from error
        except httpx.RequestError as error:
            never_reached = isinstance(error, httpx.ConnectError | httpx.UnsupportedProtocol)
            raise PassingTrouble(
                "the connection to the LMS failed", may_be_done=not never_reached
            ) from error
        return response.status_code, response.headers, body


def bounded(chunks: Iterable[bytes], deadline: float) -> bytes:
    """The body. Raises PassingTrouble for an answer that is too long or arrives too slowly."""
    body, is_late = bytearray(), False
    for chunk in chunks:
        # What arrives last is taken even when it is late: the LMS has done what it was asked for.
        if is_late:
            raise PassingTrouble("the LMS did not answer in time")
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise PassingTrouble("the LMS gave an answer that is too long")
        is_late = time.monotonic() > deadline
    return bytes(body)


def _keep_addresses_out_of_the_log() -> None:
    """httpx and httpcore log the URL of every request at INFO or DEBUG, and URLs contain
    usernames."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
