"""Bodies that come slowly, or not to their end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from litestar import Request
from litestar.exceptions import ClientException, HTTPException, InternalServerException

from bursar.web import bodies
from bursar.web.bodies import TOO_SLOW, read_body
from bursar.web.pace import Pace
from bursar.web.rendering import Incoming

RATE, LIMIT = 1000, 100_000


class Sender:
    """Sends a part of a body every ten seconds."""

    def __init__(self, size: int, count: int, error: Exception | None = None) -> None:
        self.parts = [b"x" * size] * count
        self.error = error
        self.now = 0.0

    async def stream(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            self.now += 10
            yield part
        if self.error is not None:
            raise self.error


def read(sender: Sender, patch: pytest.MonkeyPatch) -> Incoming:
    def pace(rate: int, patience: float) -> Pace:
        return Pace(rate, patience, monotonic=lambda: sender.now)

    patch.setattr(bodies, "Pace", pace)
    incoming = Incoming("POST", "/", {}, b"", {}, "", "")
    request = cast("Request[Any, Any, Any]", sender)
    asyncio.run(read_body(request, incoming, LIMIT, slowest=RATE))
    return incoming


def test_a_body_that_comes_steadily_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(read(Sender(10 * RATE, 9), monkeypatch).body) == 90 * RATE


def test_a_body_that_trickles_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HTTPException) as refused:
        read(Sender(RATE, 9), monkeypatch)
    assert (refused.value.status_code, refused.value.detail) == (408, TOO_SLOW)


def test_a_body_that_grows_too_large_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    incoming = read(Sender(10 * RATE, 11), monkeypatch)
    assert incoming.is_too_large
    assert incoming.body == b""


def test_a_body_that_ends_early_is_the_sender_s_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClientException):
        read(Sender(10 * RATE, 1, InternalServerException()), monkeypatch)
