"""What the log of events is measured by."""

import asyncio
import time
from collections.abc import Mapping
from statistics import median
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from benchmarks.events import create_events, publish_renewals
from benchmarks.load import JSON, Compared, Target
from benchmarks.results import MEGABYTE, Result
from benchmarks.server import BenchmarkServer
from benchmarks.stage import SMALL, Measurement, Stage
from benchmarks.world import CLIENT_ID, opened
from bursar.cli.serve import allow_many_files

FEW, MANY = 10_000, 1_000_000
LISTENERS: Final = 1_000
MEMORY_OF_LISTENERS: Final = 100 * MEGABYTE
SECONDS_TO_ALL: Final = 2.0
TRIES: Final = 5
PUBLISHED: Final = 1_000
STREAM: Final = {"Accept": "text/event-stream"}
_EVENTS: Final = "/enterprise/v1/events?enterprise_customer_uuid="


def enterprise_of(stage: Stage, events: int) -> UUID:
    """Made before the first request of their measurement."""

    def make() -> UUID:
        with opened(stage.world(SMALL).database_url) as database:
            return create_events(database, CLIENT_ID, f"events-{events}", events)

    return stage.prepared(f"events-{events}", make)


def pages(stage: Stage) -> list[Result]:
    server = stage.server(SMALL)
    small, large = (
        server.target(_EVENTS + str(enterprise_of(stage, events)), JSON) for events in (FEW, MANY)
    )
    floor = server.floor_of(small, "events")
    name = "log of events, 100 a page"
    return [
        Result.of_rates(f"{name}, {FEW:,} events", stage.compare(small, floor), 0.4),
        Result.of_rates(
            f"{name}, {MANY:,} events against {FEW:,}", stage.compare(large, small), 0.8
        ),
    ]


def publishing(stage: Stage) -> list[Result]:
    enterprise, seconds = enterprise_of(stage, FEW), []
    with opened(stage.world(SMALL).database_url) as database:
        for _ in range(TRIES):
            started = time.perf_counter()
            publish_renewals(database, enterprise, uuid4(), PUBLISHED)
            seconds.append(time.perf_counter() - started)
    figure = f"{median(seconds) * 1000:.0f} ms"
    return [Result(f"publish {PUBLISHED:,} events of one change", "", "", figure)]


def listeners(stage: Stage) -> list[Result]:
    """On one process, beside ordinary requests."""
    allow_many_files()
    server = stage.server(SMALL, processes=1)
    ordinary = server.target("/enterprise/v1/me", JSON)
    alone = stage.rate(ordinary)
    before = max(server.resident_bytes())
    crowd = asyncio.run(_listen(stage, server, ordinary))
    name = f"{LISTENERS:,} listeners to a stream on one process"
    return [
        Result.of_memory(f"{name}, more memory", crowd.memory - before, MEMORY_OF_LISTENERS),
        Result(
            f"{name}, an event to all",
            "",
            "",
            f"{crowd.seconds:.1f} s",
            f"< {SECONDS_TO_ALL:.0f} s",
            crowd.seconds < SECONDS_TO_ALL,
        ),
        Result.of_rates(f"{name}, ordinary requests", Compared(crowd.rate, alone), 0.9),
    ]


class _Crowd:
    """Listeners in one event loop, and what was seen of the server meanwhile."""

    memory = 0
    seconds = 0.0
    rate = 0.0

    def __init__(self) -> None:
        self.is_complete = asyncio.Event()
        self._begun = 0

    async def listen(self, target: Target) -> None:
        place = urlsplit(target.url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        lines = [f"GET {place.path}?{place.query} HTTP/1.1", f"Host: {place.netloc}"]
        lines += [f"{name}: {value}" for name, value in target.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        # The first line with a cursor comes when the server listens for this stream.
        await reader.readuntil(b"id: ")
        self._begin()
        await reader.readuntil(b"data: ")
        writer.close()

    def _begin(self) -> None:
        self._begun += 1
        if self._begun == LISTENERS:
            self.is_complete.set()


async def _listen(stage: Stage, server: BenchmarkServer, ordinary: Target) -> _Crowd:
    enterprise, crowd = enterprise_of(stage, FEW), _Crowd()
    target = server.target(f"{_EVENTS}{enterprise}&after=latest", STREAM)
    tasks = [asyncio.create_task(crowd.listen(target)) for _ in range(LISTENERS)]
    await crowd.is_complete.wait()
    crowd.rate = await asyncio.to_thread(stage.rate, ordinary)
    crowd.memory = max(server.resident_bytes())
    with opened(stage.world(SMALL).database_url) as database:
        await asyncio.to_thread(publish_renewals, database, enterprise, uuid4(), 1)
    started = time.perf_counter()
    await asyncio.gather(*tasks)
    crowd.seconds = time.perf_counter() - started
    return crowd


MEASUREMENTS: Final[Mapping[str, Measurement]] = {
    "events": pages,
    "events-publish": publishing,
    "events-listeners": listeners,
}
