"""What a process shows at `/metrics` as it finds it when it is asked: figures of the database, and
how new the standby is."""

import time
from collections.abc import Iterable, Sequence
from threading import Event, Lock, Thread
from typing import Final

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from bursar import clock
from bursar.database.engine import Database
from bursar.database.standby import Standby
from bursar.figures import Figure, FigureReader

KEPT_SECONDS: Final = 5.0
"""Figures are not read more often than this, whoever asks."""
ANSWER_SECONDS: Final = 2.0
"""A database that has not answered by then counts as away. Who watches has little patience, and
must learn that from us rather than from an answer that never comes."""

_log = structlog.get_logger(__name__)


class StoredFigures(Collector):
    """The figures of the database, and whether it could be asked."""

    def __init__(self, database: Database, readers: Sequence[FigureReader]) -> None:
        self._database = database
        self._readers = readers
        self._lock = Lock()
        self._reading: _Reading | None = None

    def collect(self) -> Iterable[Metric]:
        figures = self._newest().wait(ANSWER_SECONDS)
        yield GaugeMetricFamily(
            "bursar_database_up",
            "Whether the database answered.",
            value=0 if figures is None else 1,
        )
        for figure in figures or ():
            yield _family(figure)

    def _newest(self) -> "_Reading":
        """One that is under way or has just ended, or else a new one. There is never more than
        one, so that a database that does not answer costs one thread and one connection."""
        with self._lock:
            if self._reading is None or self._reading.is_old():
                self._reading = _Reading(self._database, self._readers)
            return self._reading


class _Reading:
    """One look at the database, in a thread of its own."""

    def __init__(self, database: Database, readers: Sequence[FigureReader]) -> None:
        self._database = database
        self._readers = readers
        self._ended = Event()
        self._ended_at = 0.0
        self._figures: list[Figure] | None = None
        Thread(target=self._run, name="figures", daemon=True).start()

    def wait(self, seconds: float) -> list[Figure] | None:
        """None while the database is away. Old figures are not shown then: they would hide it."""
        return self._figures if self._ended.wait(seconds) else None

    def is_old(self) -> bool:
        return self._ended.is_set() and time.monotonic() - self._ended_at >= KEPT_SECONDS

    def _run(self) -> None:
        try:
            self._figures = self._read()
        except SQLAlchemyError as error:
            _log.warning("figures cannot be read", error=type(error).__name__)
        finally:
            self._ended_at = time.monotonic()
            self._ended.set()

    def _read(self) -> list[Figure]:
        now = clock.now()
        with self._database.read() as connection:
            return [figure for read in self._readers for figure in read(connection, now)]


class StandbyFigures(Collector):
    """How new the standby is, as this process knows without asking anybody."""

    def __init__(self, standby: Standby) -> None:
        self._standby = standby

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "bursar_standby_lag_seconds",
            "How old the data of the standby may be.",
            value=self._standby.lag_seconds,
        )
        yield GaugeMetricFamily(
            "bursar_standby_serves",
            "Whether the standby is new enough to serve reads.",
            value=1 if self._standby.serves else 0,
        )


def _family(figure: Figure) -> GaugeMetricFamily:
    family = GaugeMetricFamily(figure.name, figure.about, labels=figure.labels)
    for labels, value in figure.values.items():
        family.add_metric(labels, value)
    return family
