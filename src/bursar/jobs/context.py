"""What a running job works with."""

from dataclasses import dataclass
from threading import Event

from bursar.database.engine import Database
from bursar.jobs.queue import JobQueue


@dataclass(frozen=True, slots=True)
class JobContext:
    """The worker makes one when it starts, and gives it to every job and every loop."""

    database: Database
    queue: JobQueue
    """Of the same database, for jobs that make further work necessary."""
    stopping: Event
    """Set while the worker stops: no further step may begin, and whoever waits gives up."""
