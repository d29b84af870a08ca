"""What a running job needs: database, queue, settings."""

from dataclasses import dataclass
from threading import Event

from bursar.database.engine import Database
from bursar.jobs.queue import JobQueue


@dataclass(frozen=True, slots=True)
class JobContext:
    """The worker makes one when it starts, and gives it to every job and every loop."""

    database: Database
    queue: JobQueue
    """The queue of the same database, for jobs that enqueue further jobs."""
    stopping: Event
    """Is set when the worker stops. After that no further step may begin, and waiting ends."""
