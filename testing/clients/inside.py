"""Calls the whole application without a server. Requests are bytes, so they can be malformed."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from litestar.types import ASGIApp

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Inside:
    """Asks one request after the other, or several together. To be closed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app: Any = app
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        self._loop.close()

    def ask(self, method: str, target: bytes, headers: Headers = (), body: bytes = b"") -> Answered:
        return self._loop.run_until_complete(self._ask(method, target, headers, body))

    def ask_together(self, *requests: tuple[str, bytes, Headers, bytes]) -> list[Answered]:
        """At the same time: method, target, headers and body of each. The answers are in their
        order."""

        async def ask_all() -> list[Answered]:
            return await asyncio.gather(*(self._ask(*request) for request in requests))

        return self._loop.run_until_complete(ask_all())

    async def _ask(self, method: str, target: bytes, headers: Headers, body: bytes) -> Answered:
        sent: list[dict[str, Any]] = []
        received = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            message = next(received, None)
            if message is None:
                await asyncio.Event().wait()
            return message or {}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._app(_scope(method, target, headers), receive, send)
        start, *parts = sent
        # The application's own headers are decoded as strictly as a client may decode them.
        named = {name.decode("ascii"): value.decode("latin-1") for name, value in start["headers"]}
        return Answered(start["status"], named, b"".join(part["body"] for part in parts))


def _scope(method: str, target: bytes, headers: Headers) -> dict[str, Any]:
    path, _, query = target.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode(errors="replace"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"api.example.org"), *headers],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
        "state": {},
        "extensions": {},
    }
