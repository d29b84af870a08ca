"""A client that repeats requests until they are answered, and counts the failures in between."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import httpx

from proof.world import CLIENT_ID, CLIENT_SECRET
from testing.waiting import let_pass

TROUBLE: Final = frozenset({502, 503, 504})
"""Statuses that a load balancer, or a service without its database, may answer. Others are
defects."""
PATIENCE_SECONDS: Final = 300.0
"""Far above what a busy machine needs to start a process again."""
PAUSE_SECONDS: Final = 0.1
REPEATED: Final = 5
"""Each of so many writes is sent twice."""
TOKEN: Final = "/oauth2/v1/access_token"


class Unexpected(Exception):
    """An answer that no client should have got."""


@dataclass
class Client:
    url: str
    requests: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    _http: httpx.Client = field(init=False)
    _token: str = ""
    _posts: int = 0

    def __post_init__(self) -> None:
        self._http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def get(self, path: str, accept: str = "application/json", **query: Any) -> httpx.Response:
        return self._insist("GET", path, {"Accept": accept}, 200, params=query)

    def look(self, path: str) -> httpx.Response:
        """As `get`, where nothing may be found."""
        return self._insist("GET", path, {"Accept": "application/json"}, 200, 404)

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        """Posts with an Idempotency-Key, so that a repeated request is done once."""
        answer = self.try_post(path, body, status)
        return answer.json() if answer.content else None

    def try_post(self, path: str, body: Any, *statuses: int) -> httpx.Response:
        """As `post`, where several answers are right."""
        headers = {"Accept": "application/json", "Idempotency-Key": str(uuid4())}
        answer = self._insist("POST", path, headers, *statuses, json=body)
        self._posts += 1
        if self._posts % REPEATED == 0:
            # As if the answer had been lost on the way. Faults do that too, but not surely within
            # the time of a proof.
            again = self._insist("POST", path, headers, answer.status_code, json=body)
            if again.content != answer.content:
                raise Unexpected(f"POST {path}: repeated, it is {again.text[:500]}")
        return answer

    def put(self, path: str, body: Any) -> Any:
        return self._insist("PUT", path, {"Accept": "application/json"}, 200, json=body).json()

    def _insist(
        self, method: str, path: str, headers: dict[str, str], *statuses: int, **sent: Any
    ) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = self._ask(method, path, self._authorized(headers), **sent)
            if answer is None or answer.status_code in TROUBLE:
                let_pass(PAUSE_SECONDS)
            elif answer.status_code in statuses:
                return answer
            else:
                raise Unexpected(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        raise Unexpected(f"{method} {path}: not answered for {PATIENCE_SECONDS:.0f} seconds")

    def _ask(
        self, method: str, path: str, headers: dict[str, str], **sent: Any
    ) -> httpx.Response | None:
        self.requests += 1
        try:
            answer = self._http.request(method, path, headers=headers, **sent)
        except httpx.TransportError as error:
            self.failures[type(error).__name__] += 1
            return None
        if answer.status_code in TROUBLE:
            self.failures[f"status {answer.status_code}"] += 1
        return answer

    def _authorized(self, headers: dict[str, str]) -> dict[str, str]:
        if not self._token:
            self.renew_token()
        return headers | {"Authorization": f"JWT {self._token}"}

    def renew_token(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "token_type": "jwt",
        }
        while True:
            answer = self._ask("POST", TOKEN, {}, data=form)
            if answer is not None and answer.status_code == 200:
                self._token = answer.json()["access_token"]
                return
            if answer is not None and answer.status_code not in TROUBLE:
                raise Unexpected(f"POST {TOKEN}: {answer.status_code} {answer.text[:500]}")
            let_pass(PAUSE_SECONDS)
