"""Sends requests: with a token that is valid, and again when that is safe."""

# Made from bursar_client._async by tools/make_sync.py; a test compares them.

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import httpx

from bursar_client._sync.concurrency import Lock, Pace
from bursar_client.errors import ConnectionFailed
from bursar_client.retries import Attempts, Retries
from bursar_client.tokens import Credentials, Token
from bursar_client.wire import Answer, Request


@dataclass(frozen=True)
class Stream:
    """A body that is read while it comes."""

    response: httpx.Response
    headers: dict[str, str]

    def chunks(self) -> Iterator[bytes]:
        try:
            for chunk in self.response.iter_bytes():
                yield chunk
        except httpx.HTTPError as error:
            raise ConnectionFailed(f"The file was cut: {error!r}") from error


class Wire:
    def __init__(
        self,
        http: httpx.Client,
        *,
        credentials: Credentials | None,
        token: str | None,
        retries: Retries,
        pace: Pace,
        has_idempotency_keys: bool,
    ) -> None:
        self.retries = retries
        self._has_idempotency_keys = has_idempotency_keys
        self.pace = pace
        self._http = http
        self._credentials = credentials
        self._token = None if token is None else Token.fixed(token)
        self._renewing = Lock()

    def send(self, request: Request, retries: Retries | None = None) -> Answer:
        response = self._authorized(request, retries or self.retries, stream=False)
        return _answer(request, response)

    @contextmanager
    def stream(self, request: Request) -> Iterator[Stream]:
        response = self._authorized(request, self.retries, stream=True)
        try:
            yield Stream(response, _headers(response))
        finally:
            response.close()

    def close(self) -> None:
        self._http.close()

    def _authorized(self, request: Request, retries: Retries, *, stream: bool) -> httpx.Response:
        """A token that the server does not accept any more is replaced once."""
        if not self._has_idempotency_keys:
            request = replace(request, idempotency_key=None)
        token = self._valid_token(None)
        response = self._tried(request, retries, token, stream=stream)
        if response.status_code == 401 and self._credentials is not None:
            token = self._valid_token(token)
            response = self._tried(request, retries, token, stream=stream)
        if response.status_code == 401:
            Attempts(request, retries).after_answer(_answer(request, response))
        return response

    def _tried(
        self, request: Request, retries: Retries, token: Token | None, *, stream: bool
    ) -> httpx.Response:
        """A good answer, or 401, which only who knows about tokens can judge."""
        attempts = Attempts(request, retries)
        while True:
            try:
                response = self._once(request, token, stream=stream)
            except httpx.HTTPError as error:
                wait: float | None = attempts.after_silence(error)
            else:
                if response.status_code == 401 and token is not None:
                    return response
                wait = attempts.after_answer(_answer(request, response))
                if wait is None:
                    return response
            self.pace.sleep(wait or 0.0)

    def _once(self, request: Request, token: Token | None, *, stream: bool) -> httpx.Response:
        headers = (
            request.headers
            if token is None
            else {
                **request.headers,
                "Authorization": token.header,
            }
        )
        prepared = self._http.build_request(
            request.method,
            request.path,
            params=request.query or None,
            content=request.body,
            headers=headers,
        )
        response = self._http.send(prepared, stream=True)
        if not stream or response.status_code >= 400:
            _read(response)
        return response

    def _valid_token(self, refused: Token | None) -> Token | None:
        """One thread renews it, while the others wait."""
        with self._renewing:
            token = self._token
            stale = token is None or token is refused or self.pace.now() >= token.useful_until
            if stale and self._credentials is not None:
                asked_at = self.pace.now()
                request = self._credentials.request()
                response = self._tried(request, self.retries, None, stream=False)
                self._token = token = Token.read(_answer(request, response), asked_at)
            return token


def _read(response: httpx.Response) -> None:
    try:
        response.read()
    finally:
        response.close()


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _answer(request: Request, response: httpx.Response) -> Answer:
    content = response.content if response.is_closed else b""
    return Answer(request, response.status_code, content, _headers(response))
