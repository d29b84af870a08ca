"""Prometheus metrics of the web processes, which share one set of files, and what each process
shows as it finds it."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from bursar.waits import Waits

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

WAIT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

LOOKING_SECONDS: Final = 5.0
"""Between two looks at what is in use, where processes answer for each other."""


@contextmanager
def exposed(host: str, port: int, collectors: Iterable[Collector]) -> Iterator[None]:
    """Answers `/metrics` in a thread of its own. Raises OSError when the address is taken."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    server, thread = start_http_server(port, host, registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Metrics:
    def __init__(self, *found: Collector) -> None:
        """`found` are figures that the process that is asked shows as it finds them."""
        self._found = found
        self._looks: list[tuple[Gauge, Callable[[], float]]] = []
        self._shared = "PROMETHEUS_MULTIPROC_DIR" in os.environ
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "bursar_requests",
            "Requests by method, route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "bursar_request_seconds",
            "Time from the first byte of a request to the last of its answer.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._pool = Gauge(
            "bursar_pool_connections",
            "Database connections in use, by engine.",
            ("engine",),
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._waiting = Gauge(
            "bursar_waiting",
            "Requests that wait now, by what for.",
            ("place",),
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._waits = Histogram(
            "bursar_wait_seconds",
            "How long requests waited, by what for. Waits of less than a millisecond are none.",
            ("place",),
            buckets=WAIT_BUCKETS,
            registry=self.registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def shows_pool(self, engine: str, in_use: Callable[[], int]) -> None:
        """From now on the number of connections in use is shown."""
        self._looks.append((self._pool.labels(engine), in_use))

    def waits(self, place: str) -> Waits:
        """Waits that are shown. `place` is what is waited for, such as `reading thread`."""
        waits = Waits(self._waits.labels(place).observe)
        self._looks.append((self._waiting.labels(place), lambda: waits.waiting))
        return waits

    @contextmanager
    def looked_after(self) -> Iterator[None]:
        """Until the block ends, other processes that are asked know what this one has in use."""
        ended = Event()
        thread = Thread(target=self._look_again, args=(ended,), name="metrics", daemon=True)
        if self._shared:
            thread.start()
        try:
            yield
        finally:
            ended.set()

    def _look_again(self, ended: Event) -> None:
        while not ended.wait(LOOKING_SECONDS):
            self._look()

    def _look(self) -> None:
        for gauge, now in self._looks:
            gauge.set(now())

    def render(self) -> tuple[str, bytes]:
        """Asks the database, unless it was asked just now."""
        self._look()
        registry = self.registry
        if self._shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        shown = CollectorRegistry()
        for collector in self._found:
            shown.register(collector)
        return CONTENT_TYPE_LATEST, generate_latest(registry) + generate_latest(shown)
