"""Prometheus metrics of the web processes, which share one set of files, and figures from the
database, which every process shows alike."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Final

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from bursar import clock
from bursar.database.engine import Database
from bursar.figures import Figure, FigureReader

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


KEPT_SECONDS: Final = 5.0
"""Figures are not read more often than this, whoever asks."""

_log = structlog.get_logger(__name__)


class StoredFigures(Collector):
    """The figures of the database, and whether it could be asked."""

    def __init__(self, database: Database, readers: Sequence[FigureReader]) -> None:
        self._database = database
        self._readers = readers
        self._lock = Lock()
        self._read_at = -KEPT_SECONDS
        self._kept: list[Figure] | None = None

    def collect(self) -> Iterable[Metric]:
        figures = self._figures()
        yield GaugeMetricFamily(
            "bursar_database_up",
            "Whether the database answered.",
            value=0 if figures is None else 1,
        )
        for figure in figures or ():
            yield _family(figure)

    def _figures(self) -> list[Figure] | None:
        """None while the database is away. Old figures are not shown then: they would hide it."""
        with self._lock:
            if time.monotonic() - self._read_at >= KEPT_SECONDS:
                self._kept, self._read_at = self._read(), time.monotonic()
            return self._kept

    def _read(self) -> list[Figure] | None:
        now = clock.now()
        try:
            with self._database.read() as connection:
                return [figure for read in self._readers for figure in read(connection, now)]
        except SQLAlchemyError as error:
            _log.warning("figures cannot be read", error=type(error).__name__)
            return None


def _family(figure: Figure) -> GaugeMetricFamily:
    family = GaugeMetricFamily(figure.name, figure.about, labels=figure.labels)
    for labels, value in figure.values.items():
        family.add_metric(labels, value)
    return family


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
    def __init__(self, stored: Collector | None = None) -> None:
        """`stored` are figures that all processes show alike."""
        self._stored = stored
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

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def observe_pool(self, engine: str, in_use: int) -> None:
        self._pool.labels(engine).set(in_use)

    def render(self) -> tuple[str, bytes]:
        """Asks the database, unless it was asked just now."""
        registry = self.registry
        if self._shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        text = generate_latest(registry)
        if self._stored is not None:
            shown = CollectorRegistry()
            shown.register(self._stored)
            text += generate_latest(shown)
        return CONTENT_TYPE_LATEST, text
