"""One of the two services: a token, and answers as JSON."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
from pydantic import SecretStr

from bursar import __version__, clock
from bursar.connectors.openedx.answers import retry_after_of

SECONDS: Final = 60.0
ATTEMPTS: Final = 4
LONGEST_PAUSE: Final = 60.0
MOST_PAGES: Final = 100_000
_TOKEN: Final = "/oauth2/v1/access_token"  # noqa: S105 - a path
_PASSING: Final = {429, 500, 502, 503, 504}


class ServiceAway(Exception):
    """The service does not answer, or gives no token. The message is for the operator."""


@dataclass(frozen=True, slots=True)
class Client:
    client_id: str
    client_secret: SecretStr = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any


class Service:
    """Used by one thread at a time."""

    def __init__(
        self, name: str, url: str, client: Client, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.name = name
        self.url = url.rstrip("/")
        self._client = client
        self._sleep = sleep
        self._token: str | None = None
        self._http = httpx.Client(
            timeout=SECONDS,
            follow_redirects=False,
            headers={"Accept": "application/json", "User-Agent": f"bursar/{__version__}"},
        )

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, query: str = "") -> Answer:
        """Raises ServiceAway."""
        answer = self._patiently(path, query)
        if answer.status_code == 401:
            self._token = None
            answer = self._patiently(path, query)
        return Answer(answer.status_code, _json(answer))

    def pages(self, path: str, asked: Mapping[str, str]) -> Iterator[Answer]:
        """Every page of a list. Raises ServiceAway for a list that never ends."""
        query, known = urlencode(asked), set[str]()
        while query not in known and len(known) < MOST_PAGES:
            known.add(query)
            answer = self.get(path, query)
            yield answer
            following = answer.body.get("next") if isinstance(answer.body, dict) else None
            if not isinstance(following, str) or answer.status != 200:
                return
            # Only the query: behind a proxy a service may get its own host wrong.
            query = urlsplit(following).query
        raise ServiceAway(f"{self.name}: the list {path} never ends")

    def _patiently(self, path: str, query: str) -> httpx.Response:
        url = f"{self.url}{path}?{query}" if query else f"{self.url}{path}"
        for attempt in range(1, ATTEMPTS + 1):
            headers = {"Authorization": f"JWT {self._current_token()}"}
            try:
                answer = self._http.get(url, headers=headers)
            except httpx.RequestError as error:
                if attempt == ATTEMPTS:
                    raise ServiceAway(f"{self.name}: no answer from {self.url}") from error
                self._sleep(float(attempt))
                continue
            if answer.status_code not in _PASSING or attempt == ATTEMPTS:
                break
            self._sleep(_asked(answer, float(attempt)))
        return answer

    def _current_token(self) -> str:
        if self._token is None:
            form = {
                "grant_type": "client_credentials",
                "client_id": self._client.client_id,
                "client_secret": self._client.client_secret.get_secret_value(),
                "token_type": "jwt",
            }
            try:
                answer = self._http.post(f"{self.url}{_TOKEN}", data=form)
            except (httpx.RequestError, httpx.InvalidURL) as error:
                raise ServiceAway(f"{self.name}: no answer from {self.url}") from error
            given = _json(answer)
            token = given.get("access_token") if isinstance(given, dict) else None
            if not isinstance(token, str):
                raise ServiceAway(f"{self.name}: no token, status {answer.status_code}")
            self._token = token
        return self._token


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _asked(answer: httpx.Response, otherwise: float) -> float:
    told = retry_after_of(answer.headers.get("Retry-After"), clock.now())
    return otherwise if told is None else min(told, LONGEST_PAUSE)
