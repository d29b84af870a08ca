"""Sends requests: with a token that is valid, and again when that is safe."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx

from bursar_client._async.concurrency import AsyncPace, Lock
from bursar_client.errors import ConnectionFailed
from bursar_client.retries import Attempts, Retries
from bursar_client.tokens import Credentials, Token
from bursar_client.wire import Answer, Request


@dataclass(frozen=True)
class AsyncStream:
    """A body that is read while it comes."""

    response: httpx.Response
    headers: dict[str, str]

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self.response.aiter_bytes():
                yield chunk
        except httpx.HTTPError as error:
            raise ConnectionFailed(f"The file was cut: {error!r}") from error


class AsyncWire:
    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        credentials: Credentials | None,
        token: str | None,
        retries: Retries,
        pace: AsyncPace,
        has_idempotency_keys: bool,
    ) -> None:
        self.retries = retries
        self._has_idempotency_keys = has_idempotency_keys
        self.pace = pace
        self._http = http
        self._credentials = credentials
        self._token = None if token is None else Token.fixed(token)
        self._renewing = Lock()

    async def send(self, request: Request, retries: Retries | None = None) -> Answer:
        response = await self._authorized(request, retries or self.retries, stream=False)
        return _answer(request, response)

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[AsyncStream]:
        response = await self._authorized(request, self.retries, stream=True)
        try:
            yield AsyncStream(response, _headers(response))
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _authorized(
        self, request: Request, retries: Retries, *, stream: bool
    ) -> httpx.Response:
        """A token that the server does not accept any more is replaced once."""
        if not self._has_idempotency_keys:
            request = replace(request, idempotency_key=None)
        token = await self._valid_token(None)
        response = await self._tried(request, retries, token, stream=stream)
        if response.status_code == 401 and self._credentials is not None:
            token = await self._valid_token(token)
            response = await self._tried(request, retries, token, stream=stream)
        if response.status_code == 401:
            Attempts(request, retries).after_answer(_answer(request, response))
        return response

    async def _tried(
        self, request: Request, retries: Retries, token: Token | None, *, stream: bool
    ) -> httpx.Response:
        """A good answer, or 401, which only who knows about tokens can judge."""
        attempts = Attempts(request, retries)
        while True:
            try:
                response = await self._once(request, token, stream=stream)
            except httpx.HTTPError as error:
                wait: float | None = attempts.after_silence(error)
            else:
                if response.status_code == 401 and token is not None:
                    return response
                wait = attempts.after_answer(_answer(request, response))
                if wait is None:
                    return response
            await self.pace.sleep(wait or 0.0)

    async def _once(self, request: Request, token: Token | None, *, stream: bool) -> httpx.Response:
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
        response = await self._http.send(prepared, stream=True)
        if not stream or response.status_code >= 400:
            await _read(response)
        return response

    async def _valid_token(self, refused: Token | None) -> Token | None:
        """One task renews it, while the others wait."""
        async with self._renewing:
            token = self._token
            stale = token is None or token is refused or self.pace.now() >= token.useful_until
            if stale and self._credentials is not None:
                asked_at = self.pace.now()
                request = self._credentials.request()
                response = await self._tried(request, self.retries, None, stream=False)
                self._token = token = Token.read(_answer(request, response), asked_at)
            return token


async def _read(response: httpx.Response) -> None:
    try:
        await response.aread()
    finally:
        await response.aclose()


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _answer(request: Request, response: httpx.Response) -> Answer:
    content = response.content if response.is_closed else b""
    return Answer(request, response.status_code, content, _headers(response))
