"""A server that answers what a test wrote down, and a time that passes as fast as it is told."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import httpx

from bursar_client import AsyncBursar, Bursar, Retries
from bursar_client._async.concurrency import AsyncPace
from bursar_client._sync.concurrency import Pace

URL = "https://api.edx.org"
TOKEN_PATH = "/oauth2/v1/access_token"
Answering: TypeAlias = Callable[[httpx.Request], httpx.Response | Exception]


def answer(
    body: object = None, status: int = 200, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    content = b"" if body is None else json.dumps(body).encode()
    sent = {"content-type": "application/json", "x-request-id": "req-1", **(headers or {})}
    return httpx.Response(status, content=content, headers=sent)


@dataclass
class Clock:
    seconds: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds
        self.slept.append(seconds)


class FastPace(Pace):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.seconds

    def sleep(self, seconds: float) -> None:
        self._clock.pass_by(seconds)


class FastAsyncPace(AsyncPace):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.seconds

    async def sleep(self, seconds: float) -> None:
        self._clock.pass_by(seconds)


@dataclass
class Script:
    """Answers in their order; the last one again and again. Tokens are given besides."""

    answers: list[httpx.Response | Exception | Answering]
    clock: Clock = field(default_factory=Clock)
    requests: list[httpx.Request] = field(default_factory=list)
    tokens: int = 0
    token_lifetime: float = 3600.0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == TOKEN_PATH:
            self.tokens += 1
            lifetime = self.token_lifetime
            return answer({"access_token": f"token-{self.tokens}", "expires_in": lifetime})
        self.requests.append(request)
        found = self.answers[min(len(self.requests), len(self.answers)) - 1]
        made = found(request) if callable(found) else found
        if isinstance(made, Exception):
            raise made
        return made

    def bursar(self, retries: Retries | None = None) -> Bursar:
        return Bursar(
            URL,
            client_id="acme",
            client_secret="only here",
            enterprise="e1",
            retries=retries,
            transport=httpx.MockTransport(self),
            pace=FastPace(self.clock),
        )

    def async_bursar(self, retries: Retries | None = None) -> AsyncBursar:
        return AsyncBursar(
            URL,
            client_id="acme",
            client_secret="only here",
            enterprise="e1",
            retries=retries,
            transport=httpx.MockTransport(self),
            pace=FastAsyncPace(self.clock),
        )

    @property
    def authorizations(self) -> list[str]:
        return [request.headers["authorization"] for request in self.requests]
