"""The process that does the background work. Imports DBOS: see `bursar.work`."""

import os
import signal
import socket
from collections.abc import Callable, Sequence
from secrets import token_hex
from threading import Event, Lock
from typing import Final

import structlog

from bursar import clock
from bursar.database.engine import Database
from bursar.jobs.context import JobContext
from bursar.jobs.loops import Loop, RunningLoops
from bursar.jobs.queue import JobQueue
from bursar.jobs.recovery import recover_others
from bursar.jobs.registry import Workflow
from bursar.jobs.runner import (
    CONCURRENCY,
    MANY_CONCURRENCY,
    STOP_SECONDS,
    JobRunner,
    forget_stored_schedules,
)
from bursar.jobs.schedules import Schedules
from bursar.jobs.system import migrate_system_tables
from bursar.jobs.unfinished import Unfinished
from bursar.jobs.watch import Watch

__all__ = ["CONCURRENCY", "Worker"]

LOOKING_SECONDS: Final = 0.5
"""Between two looks for jobs while DBOS rests. Such looks are all that an idle worker costs."""
POLLING_SECONDS: Final = 0.25
"""Between two looks for jobs of DBOS, which varies this by a twentieth. With the look that started
DBOS a job must be taken within a second."""
RESTING_SECONDS: Final = 3.0
"""How long a worker is without any job until DBOS rests: jobs often come close together."""
REAPING_SECONDS: Final = 5.0

_log = structlog.get_logger(__name__)


_PROCESS: Final = Lock()
"""Held while a worker runs: DBOS is one for the process, and knows one database."""


class Worker:
    """Takes jobs from the queue and resumes those of workers that died; one a process.

    On SQLite it is the only one, and takes over everything that it finds running when it starts.
    On PostgreSQL any number may run; the schema must be current (`migrate_system_tables`).
    """

    def __init__(
        self,
        open_database: Callable[[int], Database],
        workflows: Sequence[Workflow],
        *,
        loops: Sequence[Loop] = (),
        reaping_seconds: float = REAPING_SECONDS,
        looking_seconds: float = LOOKING_SECONDS,
        polling_seconds: float = POLLING_SECONDS,
        resting_seconds: float = RESTING_SECONDS,
    ) -> None:
        """`open_database` is given the number of connections that the worker uses at once."""
        self.id = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
        self._open_database = open_database
        self._workflows = workflows
        self._loops = loops
        self._reaping_seconds = reaping_seconds
        self._looking_seconds = looking_seconds
        self._polling_seconds = polling_seconds
        self._resting_seconds = resting_seconds
        self._context: JobContext | None = None
        self._runner: JobRunner | None = None
        self._watch: RunningLoops | None = None
        self._running: RunningLoops | None = None

    def start(self) -> None:
        """Returns when jobs are taken."""
        database = self._open_database(CONCURRENCY + MANY_CONCURRENCY + 2 + len(self._loops))
        if not _PROCESS.acquire(blocking=False):
            database.dispose()
            raise RuntimeError("a worker runs in this process already")
        self._context = JobContext(database, JobQueue(database), Event())
        try:
            self._begin(self._context)
        except BaseException:
            self.stop()
            raise
        _log.info("worker started", worker=self.id)

    def stop(self) -> None:
        """Steps under way finish; their jobs stay in the queue for the next worker."""
        context = self._context
        if context is None:
            return
        context.stopping.set()
        # It may start the runner at this moment, or let it rest.
        if self._watch is not None:
            self._watch.join(STOP_SECONDS)
        if self._runner is not None:
            self._runner.stop()
        if self._running is not None:
            self._running.join(STOP_SECONDS)
        context.database.dispose()
        self._context = self._runner = self._watch = self._running = None
        _PROCESS.release()
        _log.info("worker stopped", worker=self.id)

    @property
    def is_resting(self) -> bool:
        """Whether it has nothing to do, and DBOS does not run."""
        return self._runner is not None and not self._runner.is_running

    @property
    def silent_seconds(self) -> float:
        """Since it last looked for jobs, which it does all the time unless it is stuck."""
        return 0.0 if self._watch is None else self._watch.silent_seconds

    def run_until_signalled(self, on_start: Callable[[], None] = lambda: None) -> None:
        """SIGTERM or SIGINT ends it. For the main thread. `on_start` is called once it takes
        jobs."""
        ended = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        self.start()
        on_start()
        try:
            ended.wait()
        finally:
            self.stop()

    def _begin(self, context: JobContext) -> None:
        database = context.database
        if database.is_sqlite:
            migrate_system_tables(database)
        self._runner = JobRunner(
            self.id,
            context,
            self._workflows,
            reaping_seconds=self._reaping_seconds,
            polling_seconds=self._polling_seconds,
        )
        watch = Watch(
            self._runner,
            Schedules(self._workflows, clock.now()),
            Unfinished(database),
            resting_seconds=self._resting_seconds,
        )
        self._runner.start()
        forget_stored_schedules()
        if database.is_sqlite:
            recover_others(self.id)
        self._watch = RunningLoops([Loop("jobs", watch.look, self._looking_seconds)], context)
        self._running = RunningLoops(self._loops, context)
        self._watch.start()
        self._running.start()
