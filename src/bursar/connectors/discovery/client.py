"""A discovery service of Open edX over HTTP: tokens of the LMS, repeated attempts, and limits on
time, size and the number of requests."""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
import structlog
from pydantic import SecretStr

from bursar import __version__, clock, tracing
from bursar.catalog.sync.source import Listing, Page, PageGone, SourceTrouble, Wait
from bursar.connectors.discovery.answers import page_of, refusal_of
from bursar.connectors.discovery.pace import Pace
from bursar.connectors.openedx.answers import (
    TokenAnswer,
    retry_after_of,
    seconds_to_keep,
)
from bursar.connectors.openedx.patience import backoff
from bursar.counting import DISCOVERY_REQUESTS
from bursar.settings import Settings

MOST_BYTES: Final = 32 * 1024 * 1024
"""Of one answer, so that memory does not depend on the service."""
ATTEMPTS: Final = 4
THROTTLED_ATTEMPTS: Final = 5
"""In a row, for one page. Each waits as long as the service asks for."""
LONGEST_WAIT: Final = 2 * 3600.0
DEFAULT_WAIT: Final = 60.0
"""After a refusal for too many requests that does not say when the next is welcome."""
_PASSING: Final = {408, 425, 500, 502, 503, 504}
_TOKEN_PATHS: Final = ("/oauth2/access_token", "/oauth2/access_token/")
_PATHS: Final[Mapping[Listing, str]] = {
    Listing.COURSES: "/api/v1/courses/",
    Listing.COURSE_RUNS: "/api/v1/course_runs/",
    Listing.PROGRAMS: "/api/v1/programs/",
    Listing.SEARCH: "/api/v1/search/all/",
}
# The account's name would otherwise be in every marketing URL, and restricted runs would be absent.
_DOCUMENTS: Final = {
    "exclude_utm": "1",
    "include_restricted": "custom-b2b-enterprise,custom-b2c",
}
_PARAMETERS: Final[Mapping[Listing, Mapping[str, str]]] = {
    Listing.COURSES: _DOCUMENTS,
    Listing.COURSE_RUNS: _DOCUMENTS,
    Listing.PROGRAMS: {"extended": "True", "exclude_utm": "1"},
    Listing.SEARCH: {},
}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DiscoveryAccess:
    url: str
    lms_url: str
    """Where tokens come from."""
    client_id: str
    client_secret: SecretStr
    partner: str = ""
    """The short code of the partner; empty: all."""
    per_hour: int = 200
    page_size: int = 100
    timeout: float = 60.0
    """Seconds for each attempt."""
    attempts: int = ATTEMPTS
    """For one page, after trouble that may pass."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class _Passing(Exception):
    """An attempt without an answer, or with one that may be better next time."""


class DiscoverySource:
    """Used by one thread at a time."""

    def __init__(self, access: DiscoveryAccess, now: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._now = now
        self._pace = Pace(access.per_hour)
        self._token: str | None = None
        self._token_ends = 0.0
        self._http = httpx.Client(
            headers={
                "Accept": "application/json",
                # A short answer could unpack to a very long one.
                "Accept-Encoding": "identity",
                "User-Agent": f"bursar/{__version__}",
            },
            timeout=access.timeout,
            follow_redirects=False,
        )

    @classmethod
    def of(cls, settings: Settings, *, attempts: int = ATTEMPTS) -> "DiscoverySource":
        return cls(
            DiscoveryAccess(
                settings.discovery_url,
                settings.lms_url or settings.lms_public_url,
                settings.discovery_client_id or settings.lms_client_id,
                settings.discovery_client_secret
                if settings.discovery_client_id
                else settings.lms_client_secret,
                settings.discovery_partner,
                settings.discovery_per_hour,
                settings.discovery_page_size,
                settings.discovery_timeout,
                attempts,
            )
        )

    @property
    def name(self) -> str:
        return f"{self._access.url}#{self._access.partner}"

    def close(self) -> None:
        self._http.close()

    def first_query(self, listing: Listing, since: datetime | None) -> str:
        asked = {"page": "1", "page_size": str(self._access.page_size), **_PARAMETERS[listing]}
        if listing is Listing.SEARCH and self._access.partner:
            asked["partner"] = self._access.partner
        if since is not None:
            asked["timestamp"] = clock.format_instant(since)
        return urlencode(asked)

    def page(self, listing: Listing, query: str, wait: Wait) -> Page:
        """Raises SourceTrouble."""
        path = _PATHS[listing]
        answer = self._get(path, query, wait)
        host = urlsplit(self._access.url).hostname or ""
        return page_of(answer.body, answer.headers, path=path, host=host)

    def sign_in(self) -> None:
        """Gets a token, in one attempt. Raises SourceTrouble."""
        try:
            self._current_token()
        except _Passing as trouble:
            raise SourceTrouble(str(trouble)) from trouble

    def _get(self, path: str, query: str, wait: Wait) -> _Answer:
        """The first good answer. Raises SourceTrouble."""
        failures = throttled = 0
        while True:
            try:
                answer = self._attempt(path, query, wait)
                if answer.status == 200:
                    DISCOVERY_REQUESTS.labels("answered").inc()
                    return answer
                throttled += 1
                reason, pause = "the discovery service allows no more requests now", _asked(answer)
            except _Passing as trouble:
                failures += 1
                reason, pause = str(trouble), backoff(failures, random.random())
            is_over = failures >= self._access.attempts or throttled > THROTTLED_ATTEMPTS
            if is_over or pause > LONGEST_WAIT:
                DISCOVERY_REQUESTS.labels("given up").inc()
                raise SourceTrouble(reason)
            DISCOVERY_REQUESTS.labels("tried again").inc()
            _log.info("discovery trouble", path=path, reason=reason, pause=pause)
            wait(pause)

    def _attempt(self, path: str, query: str, wait: Wait) -> _Answer:
        """A page, or that there were too many requests. Raises _Passing and SourceTrouble."""
        wait(self._pace.pause(self._now()))
        token = self._current_token()
        answer = self._ask(path, query, token)
        if answer.status == 401 and token == self._token:
            # Its LMS may have been restarted with other keys, or have taken it back.
            self._token = None
            answer = self._ask(path, query, self._current_token())
        if answer.status in _PASSING:
            raise _Passing(f"the discovery service answered {path} with status {answer.status}")
        if answer.status not in {200, 429}:
            DISCOVERY_REQUESTS.labels("given up").inc()
            kind = PageGone if answer.status == 404 else SourceTrouble
            raise kind(refusal_of(answer.status, answer.headers, answer.body, path))
        return answer

    def _ask(self, path: str, query: str, token: str) -> _Answer:
        self._pace.note(self._now())
        with tracing.span("discovery page", "client", http__request__method="GET") as span:
            answer = self._exchange(
                "the discovery service",
                "GET",
                f"{self._access.url}{path}?{query}",
                headers={"Authorization": f"JWT {token}"},
            )
            span.note("http.response.status_code", answer.status)
        return answer

    def _current_token(self) -> str:
        if self._token is None or time.monotonic() >= self._token_ends:
            asked = time.monotonic()
            given = self._new_token()
            self._token, self._token_ends = given.access_token, asked + seconds_to_keep(given)
        return self._token

    def _new_token(self) -> TokenAnswer:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._access.client_id,
            "client_secret": self._access.client_secret.get_secret_value(),
            "token_type": "jwt",
        }
        for path in _TOKEN_PATHS:
            answer = self._exchange("the LMS", "POST", f"{self._access.lms_url}{path}", data=form)
            if answer.status not in {301, 307, 308, 404}:
                break
        if answer.status in _PASSING or answer.status == 429:
            raise _Passing(f"the LMS answered with status {answer.status}")
        if answer.status != 200:
            raise SourceTrouble(
                f"the LMS gives no access token for the discovery service: status {answer.status}"
            )
        try:
            return msgspec.json.decode(answer.body, type=TokenAnswer)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise SourceTrouble("the LMS gave a token that cannot be read") from None

    def _exchange(
        self,
        whom: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
    ) -> _Answer:
        """Raises _Passing without an answer, and SourceTrouble for one that is too long."""
        try:
            deadline = time.monotonic() + self._access.timeout
            with self._http.stream(method, url, headers=headers, data=data) as response:
                body = _bounded(whom, response.iter_raw(), deadline)
        except httpx.TimeoutException as error:
            raise _Passing(f"{whom} did not answer in time") from error
        except httpx.RequestError as error:
            raise _Passing(f"the connection to {whom} failed") from error
        return _Answer(response.status_code, response.headers, body)


def _bounded(whom: str, chunks: Iterable[bytes], deadline: float) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MOST_BYTES:
            raise SourceTrouble(
                f"{whom} gave an answer of more than {MOST_BYTES // 1024**2} MiB: lower "
                "BURSAR_DISCOVERY_PAGE_SIZE"
            )
        if time.monotonic() > deadline:
            raise _Passing(f"{whom} did not answer in time")
    return bytes(body)


def _asked(answer: _Answer) -> float:
    asked = retry_after_of(answer.headers.get("Retry-After"), clock.now())
    return DEFAULT_WAIT if asked is None else max(1.0, asked)
