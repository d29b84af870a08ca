"""Enqueues background work in the transaction that makes it necessary."""

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import JSON, column, select, table
from sqlalchemy.orm import Session

from bursar import tracing
from bursar.database.engine import Database
from bursar.jobs.client import client_of
from bursar.jobs.names import APPLICATION_VERSION, QUEUE, SCHEMA

if TYPE_CHECKING:
    from dbos import DBOSClient, EnqueueOptions

__all__ = ["APPLICATION_VERSION", "JobQueue"]

Argument: TypeAlias = str | int | bool | None

_GIVEN_UP = frozenset({"ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})


def next_id(job_id: str) -> str:
    """The id of the job after this one: `key` is followed by `key#2`, `key#3` and so on."""
    key, mark, number = job_id.rpartition("#")
    return f"{key}#{int(number) + 1}" if mark and number.isdecimal() else f"{job_id}#2"


class JobQueue:
    """Enqueues jobs on the connections of its callers, so it has nothing to close. DBOS is imported
    when the first job is enqueued, because the import is slow."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._jobs = table(
            "workflow_status",
            column("workflow_uuid"),
            column("status"),
            column("queue_name"),
            column("attributes", JSON),
            schema=None if database.is_sqlite else SCHEMA,
        )

    def enqueue(
        self,
        session: Session,
        workflow: str,
        *arguments: Argument,
        key: str | None = None,
        queue: str = QUEUE,
    ) -> str:
        """Enqueues a job and returns its id. The job exists if the caller's transaction commits.

        A key identifies one piece of work permanently. If a job with the key is waiting, running or
        has succeeded, nothing is enqueued; after a failure, another job is. For recurring work, the
        key must therefore include the time.
        """
        options: EnqueueOptions = {
            "workflow_name": workflow,
            "queue_name": queue,
            "app_version": APPLICATION_VERSION,
        }
        if key is not None:
            options["workflow_id"] = self._id_for(session, key)
        return self._enqueue(session, options, *arguments)

    def enqueue_successor(
        self, session: Session, job_id: str, workflow: str, *arguments: Argument, seconds: float
    ) -> str:
        """Enqueues the job that continues the work of this one, after at least `seconds`.

        It is in the queue of this job. A job has one successor, however often this is called. From
        then on the key means the successor.
        """
        own = select(self._jobs.c.queue_name).where(self._jobs.c.workflow_uuid == job_id)
        options: EnqueueOptions = {
            "workflow_name": workflow,
            "queue_name": session.scalar(own) or QUEUE,
            "app_version": APPLICATION_VERSION,
            "workflow_id": next_id(job_id),
        }
        if seconds > 0:
            options["delay_seconds"] = seconds
        return self._enqueue(session, options, *arguments)

    def enqueue_scheduled(self, session: Session, workflow: str, instant: datetime) -> str:
        """The job for one instant of the workflow's schedule: the second to say it changes nothing.

        The id is the one that DBOS's own schedules give, for the sake of workers of a release that
        still used these.
        """
        options: EnqueueOptions = {
            "workflow_name": workflow,
            "queue_name": QUEUE,
            "app_version": APPLICATION_VERSION,
            "workflow_id": f"sched-{workflow}-{instant.isoformat()}",
        }
        return self._enqueue(session, options)

    def _enqueue(self, session: Session, options: "EnqueueOptions", *arguments: Argument) -> str:
        if carrier := tracing.carried():
            options["attributes"] = dict(carrier)
        return self._client.enqueue_in_transaction(session, options, *arguments).workflow_id

    def carrier_of(self, job_id: str) -> tracing.Carrier:
        """The span in which the job was enqueued. Empty when there was none."""
        statement = select(self._jobs.c.attributes).where(self._jobs.c.workflow_uuid == job_id)
        with self._database.read() as connection:
            return connection.scalar(statement) or {}

    def _id_for(self, session: Session, key: str) -> str:
        """The id of the latest job with the key, or a new id when there is none or it has
        failed."""
        # DBOS ignores a job whose id it already has, even if that job has failed.
        newest, status, free = key, None, key
        while (found := self._status_of(session, free)) is not None:
            newest, status, free = free, found, next_id(free)
        return free if status in _GIVEN_UP else newest

    def _status_of(self, session: Session, job_id: str) -> str | None:
        statement = select(self._jobs.c.status).where(self._jobs.c.workflow_uuid == job_id)
        status: str | None = session.execute(statement).scalar()
        return status

    @cached_property
    def _client(self) -> "DBOSClient":
        return client_of(self._database)
