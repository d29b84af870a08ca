"""The figure about running processes."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from bursar.figures import Figure, Labels
from bursar.processes.service import running_processes


def process_figures(connection: Connection, now: datetime) -> Iterator[Figure]:
    """A kind of which none runs shows 0, so that an alert can be about it."""
    found = Counter(process.kind for process in running_processes(connection, at=now))
    counts: dict[Labels, float] = {(kind,): found[kind] for kind in ("web", "worker")}
    yield Figure(
        "bursar_processes", "Processes that were heard of within a minute.", ("kind",), counts
    )
