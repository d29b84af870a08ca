"""The process that does the background work. Imports DBOS: see `bursar.work`."""

import os
import signal
import socket
from collections.abc import Callable, Sequence
from functools import wraps
from secrets import token_hex
from threading import Event, Lock
from typing import Any, Final

import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer

from bursar.database.engine import Database
from bursar.jobs import log
from bursar.jobs.context import JobContext
from bursar.jobs.later import PutOff
from bursar.jobs.loops import Loop, RunningLoops
from bursar.jobs.names import APPLICATION, APPLICATION_VERSION, QUEUE, SCHEMA
from bursar.jobs.queue import JobQueue
from bursar.jobs.recovery import Presence, recover_others
from bursar.jobs.registry import Workflow
from bursar.jobs.system import migrate_system_tables

CONCURRENCY = 4
POLLING_SECONDS = 0.8
"""Between two looks for jobs; DBOS adds up to a twentieth. Looking is most of what an idle worker
costs, and a job must be taken within a second."""
REAPING_SECONDS = 5.0
STOP_SECONDS = 20
RECOVERY_ATTEMPTS = 20

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
        polling_seconds: float = POLLING_SECONDS,
    ) -> None:
        """`open_database` is given the number of connections that the worker uses at once."""
        self.id = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
        self._open_database = open_database
        self._workflows = workflows
        self._loops = loops
        self._reaping_seconds = reaping_seconds
        self._context: JobContext | None = None
        self._polling_seconds = polling_seconds
        self._presence: Presence | None = None
        self._running: RunningLoops | None = None

    def start(self) -> None:
        """Returns when jobs are taken."""
        database = self._open_database(CONCURRENCY + 1 + len(self._loops))
        if not _PROCESS.acquire(blocking=False):
            database.dispose()
            raise RuntimeError("a worker runs in this process already")
        self._context = JobContext(database, JobQueue(database), Event())
        try:
            self._launch(self._context)
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
        if self._presence is not None:
            self._presence.end()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=STOP_SECONDS)
        if self._running is not None:
            self._running.join(STOP_SECONDS)
        if self._presence is not None:
            self._presence.leave()
        context.database.dispose()
        self._context = self._presence = self._running = None
        _PROCESS.release()
        _log.info("worker stopped", worker=self.id)

    def run_until_signalled(self) -> None:
        """SIGTERM or SIGINT ends it. For the main thread."""
        ended = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        self.start()
        try:
            ended.wait()
        finally:
            self.stop()

    def _launch(self, context: JobContext) -> None:
        database = context.database
        log.forward_warnings()
        if database.is_sqlite:
            migrate_system_tables(database)
        else:
            self._presence = Presence(database.url, self.id, self._reaping_seconds)
            self._presence.show()
        DBOS(config=self._configuration(database))
        functions = {workflow.name: _register(workflow, context) for workflow in self._workflows}
        DBOS.launch()
        self._declare(functions)
        if self._presence is None:
            recover_others(self.id)
        else:
            self._presence.watch()
        self._running = RunningLoops(self._loops, context)
        self._running.start()

    def _configuration(self, database: Database) -> DBOSConfig:
        return {
            "name": APPLICATION,
            "application_version": APPLICATION_VERSION,
            "executor_id": self.id,
            "system_database_url": database.url.render_as_string(hide_password=False),
            "dbos_system_schema": SCHEMA,
            "sys_db_pool_size": CONCURRENCY + 4,
            "run_migrations": False,
            # No pickles: whoever can write to the database cannot run code in a worker.
            "serializer": DBOSPortableJSONSerializer(),
            # Of DBOS's own events and streams, which we do not use. By default it looks for some to
            # announce a hundred times a second.
            "notification_coalesce_sec": 1.0,
            "log_level": "WARNING",
            "enable_otlp": False,
        }

    def _declare(self, functions: dict[str, Callable[..., Any]]) -> None:
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=CONCURRENCY,
            polling_interval_sec=self._polling_seconds,
            on_conflict="always_update",
        )
        DBOS.apply_schedules(
            [
                {
                    "schedule_name": workflow.name,
                    "workflow_fn": functions[workflow.name],
                    "schedule": workflow.schedule,
                    "queue_name": QUEUE,
                }
                for workflow in self._workflows
                if workflow.schedule is not None
            ]
        )


def _register(workflow: Workflow, context: JobContext) -> Callable[..., Any]:
    @wraps(workflow.function)
    def logged(*arguments: Any) -> Any:
        # DBOS gives the time and a context to scheduled work, which wants neither.
        given = () if workflow.schedule is not None else arguments
        try:
            return workflow.function(context, *given)
        except PutOff:
            return None
        except Exception:
            _log.exception("job failed", job=workflow.name, id=DBOS.workflow_id)
            raise

    # What wraps() leaves behind would make DBOS read the arguments of the inner function.
    del logged.__wrapped__
    return DBOS.workflow(name=workflow.name, max_recovery_attempts=RECOVERY_ATTEMPTS)(logged)
