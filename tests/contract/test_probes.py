"""Whoever asks whether a process is ready waits behind nobody who asks for its figures."""

import asyncio
from collections.abc import Iterator
from threading import Event
from typing import Any, cast

import httpx
import pytest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from bursar import app
from bursar.database.engine import Database
from bursar.settings import Settings
from bursar.web.metrics import Metrics
from testing.waiting import until


class SlowFigures(Collector):
    """Figures whose counting takes as long as the test likes."""

    def __init__(self) -> None:
        self.asked, self.may_answer = Event(), Event()

    def collect(self) -> Iterator[Metric]:
        self.asked.set()
        self.may_answer.wait()
        yield from ()

    def describe(self) -> list[Metric]:
        return []


def test_ready_is_answered_while_figures_are_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowFigures()
    monkeypatch.setattr(app, "_metrics", lambda *_: Metrics(slow))
    transport = httpx.ASGITransport(cast("Any", app.create_app(Settings(), database)))

    async def scene() -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://bursar") as client:
            figures = asyncio.create_task(client.get("/metrics"))
            ready = asyncio.create_task(client.get("/ready"))
            try:
                await until(slow.asked.is_set)
                await until(ready.done)
                assert not figures.done()
            finally:
                slow.may_answer.set()
            assert (await ready).status_code == 200
            assert (await figures).status_code == 200

    asyncio.run(scene())
