"""Runs jobs while there are some: DBOS, from its launch to its end. Imports DBOS."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from threading import Lock
from typing import Any, Final

import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer

from bursar import clock, tracing
from bursar.counting import JOBS
from bursar.jobs import log, steps
from bursar.jobs.context import JobContext
from bursar.jobs.later import PutOff
from bursar.jobs.names import APPLICATION, APPLICATION_VERSION, MANY_QUEUE, QUEUE, SCHEMA
from bursar.jobs.recovery import Presence
from bursar.jobs.registry import Workflow
from bursar.jobs.steps import Interrupted
from bursar.jobs.task_runs import record_successes

CONCURRENCY: Final = 4
MANY_CONCURRENCY: Final = 2
"""Of the jobs for many learners."""
STOP_SECONDS: Final = 20
RECOVERY_ATTEMPTS: Final = 20

_log = structlog.get_logger(__name__)


class JobRunner:
    """Takes jobs from the queue, and resumes those of workers that died.

    DBOS asks the database several times a second whether there are jobs or not. A worker ends it
    therefore while there are none, and starts it again: both take a tenth of a second.
    """

    def __init__(
        self,
        worker_id: str,
        context: JobContext,
        workflows: Sequence[Workflow],
        *,
        reaping_seconds: float,
        polling_seconds: float,
    ) -> None:
        self._worker_id = worker_id
        self._context = context
        self._workflows = workflows
        self._reaping_seconds = reaping_seconds
        self._polling_seconds = polling_seconds
        self._presence: Presence | None = None
        self._door = _Door()
        self.is_running = False

    def start(self) -> None:
        """Returns when jobs are taken. An error leaves nothing running."""
        self._door = _Door()
        self.is_running = True
        try:
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Steps under way finish, once the context's `stopping` is set; their jobs stay."""
        if not self.is_running:
            return
        if self._presence is not None:
            self._presence.end()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=STOP_SECONDS)
        if self._presence is not None:
            self._presence.leave()
        self._presence = None
        self.is_running = False

    def rest(self) -> bool:
        """Stops, unless a job is under way. `start` goes on with whatever was taken meanwhile."""
        if not self._door.close():
            return False
        self.stop()
        return True

    def _launch(self) -> None:
        database = self._context.database
        log.forward_warnings()
        if not database.is_sqlite:
            self._presence = Presence(database.url, self._worker_id, self._reaping_seconds)
            self._presence.show()
        DBOS(config=self._configuration())
        for workflow in self._workflows:
            self._register(workflow)
        DBOS.launch()
        for queue, places in ((QUEUE, CONCURRENCY), (MANY_QUEUE, MANY_CONCURRENCY)):
            DBOS.register_queue(
                queue,
                worker_concurrency=places,
                polling_interval_sec=self._polling_seconds,
                on_conflict="always_update",
            )
        if self._presence is not None:
            self._presence.watch()

    def _configuration(self) -> DBOSConfig:
        return {
            "name": APPLICATION,
            "application_version": APPLICATION_VERSION,
            "executor_id": self._worker_id,
            "system_database_url": self._context.database.url.render_as_string(hide_password=False),
            "dbos_system_schema": SCHEMA,
            "sys_db_pool_size": CONCURRENCY + MANY_CONCURRENCY + 4,
            "run_migrations": False,
            # No pickles: whoever can write to the database cannot run code in a worker.
            "serializer": DBOSPortableJSONSerializer(),
            # Of DBOS's own events and streams, which we do not use. By default it looks for some to
            # announce a hundred times a second. DBOS ends at such a look only.
            "notification_coalesce_sec": 0.2,
            "log_level": "WARNING",
            "enable_otlp": False,
        }

    def _register(self, workflow: Workflow) -> None:
        # Who watches counters sees that one grew only if it was shown before.
        for outcome in ("succeeded", "failed", "put off"):
            JOBS.labels(workflow.name, outcome)

        @wraps(workflow.function)
        def logged(*arguments: Any) -> Any:
            # DBOS's schedules gave the time and a context to work, which wants neither.
            given = () if workflow.schedule is not None else arguments
            try:
                with self._door.passed(), self._traced(workflow):
                    answer = workflow.function(self._context, *given)
                    if workflow.schedule is not None:
                        steps.run(self._context, "note success", self._note_success, workflow.name)
            except PutOff:
                JOBS.labels(workflow.name, "put off").inc()
                return None
            except Exception:
                JOBS.labels(workflow.name, "failed").inc()
                _log.exception("job failed", job=workflow.name, id=DBOS.workflow_id)
                raise
            JOBS.labels(workflow.name, "succeeded").inc()
            return answer

        # What wraps() leaves behind would make DBOS read the arguments of the inner function.
        del logged.__wrapped__
        DBOS.workflow(name=workflow.name, max_recovery_attempts=RECOVERY_ATTEMPTS)(logged)

    @contextmanager
    def _traced(self, workflow: Workflow) -> Iterator[None]:
        """A job belongs to the span in which it was enqueued."""
        if not tracing.is_recording():
            yield
            return
        job_id = DBOS.workflow_id or ""
        parent = self._context.queue.carrier_of(job_id)
        put_off: PutOff | None = None
        with tracing.span(f"job {workflow.name}", "consumer", parent=parent) as span:
            span.note("bursar.job_id", job_id)
            try:
                yield
            except PutOff as ended:
                # It is how such a job ends, and no error.
                put_off = ended
        if put_off is not None:
            raise put_off

    def _note_success(self, name: str) -> None:
        with self._context.database.transaction() as session:
            record_successes(session, [name], clock.now())


def forget_stored_schedules() -> None:
    """Of releases in which DBOS kept the schedules, that they are not enqueued twice over."""
    for schedule in DBOS.list_schedules(application_name=APPLICATION):
        DBOS.delete_schedule(schedule["schedule_name"])


class _Door:
    """Lets jobs in until it is closed, which nobody can do while a job is inside.

    DBOS must never end under a job: the job would be resumed beside itself.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._closed = False

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Raises Interrupted when it is closed: the job stays in the queue."""
        with self._lock:
            if self._closed:
                raise Interrupted
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1

    def close(self) -> bool:
        """Whether it is closed now."""
        with self._lock:
            self._closed = self._inside == 0
            return self._closed
