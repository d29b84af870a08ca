"""Enqueues background work in the transaction that makes it necessary."""

from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import column, select, table
from sqlalchemy.orm import Session

from bursar.database.engine import Database
from bursar.jobs.names import APPLICATION, APPLICATION_VERSION, QUEUE, SCHEMA

if TYPE_CHECKING:
    from dbos import DBOSClient, EnqueueOptions

__all__ = ["APPLICATION_VERSION", "JobQueue"]

Argument: TypeAlias = str | int | bool | None

_GIVEN_UP = frozenset({"ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})


class JobQueue:
    """Cheap to make and needs no closing: DBOS is imported with the first job, and then works on
    the caller's connections only."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._jobs = table(
            "workflow_status",
            column("workflow_uuid"),
            column("status"),
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
        """Returns the job's id; the job exists when the caller's transaction commits.

        A key names one piece of work for good: while a job with it waits, runs or has succeeded,
        this changes nothing. Only after a failure does the same key make another job. For work
        that comes back, the key must say which time it is.
        """
        options: EnqueueOptions = {
            "workflow_name": workflow,
            "queue_name": queue,
            "app_version": APPLICATION_VERSION,
        }
        if key is not None:
            options["workflow_id"] = self._next_id(session, key)
        return self._client.enqueue_in_transaction(session, options, *arguments).workflow_id

    def _next_id(self, session: Session, key: str) -> str:
        # DBOS takes an id it knows for a repetition, also when that job has failed.
        for number in count(1):
            job_id = key if number == 1 else f"{key}#{number}"
            statement = select(self._jobs.c.status).where(self._jobs.c.workflow_uuid == job_id)
            if session.execute(statement).scalar() not in _GIVEN_UP:
                return job_id
        raise AssertionError  # count() never ends

    @cached_property
    def _client(self) -> "DBOSClient":
        # Megabytes and time that most processes never need.
        from dbos import DBOSClient, DBOSPortableJSONSerializer  # noqa: PLC0415

        return DBOSClient(
            system_database_engine=self._database.write_engine,
            dbos_system_schema=SCHEMA,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            lazy=True,
        )
