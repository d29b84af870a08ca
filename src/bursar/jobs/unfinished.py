"""Whether a worker has anything to do: one cheap question, asked again and again while it waits."""

from datetime import datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Connection,
    Exists,
    TableClause,
    TextClause,
    bindparam,
    column,
    exists,
    or_,
    select,
    table,
    text,
)

from bursar.database.engine import Database
from bursar.jobs.names import APPLICATION, APPLICATION_VERSION, SCHEMA

_TABLE: Final = "workflow_status"


class Unfinished:
    """Looks at DBOS's table of jobs, which DBOS itself need not run for."""

    def __init__(self, database: Database) -> None:
        jobs = table(
            _TABLE,
            column("status"),
            column("application_version"),
            column("application_name"),
            column("delay_until_epoch_ms"),
            schema=None if database.is_sqlite else SCHEMA,
        )
        # Both databases use DBOS's partial indexes only for the literal conditions of the indexes:
        # the jobs that ended, of which there may be many, are not looked at.
        waiting_or_running = _ours(jobs, text("status IN ('ENQUEUED', 'PENDING')"))
        delayed = _ours(jobs, text("status = 'DELAYED'"))
        due = delayed.where(
            jobs.c.delay_until_epoch_ms <= bindparam("milliseconds", type_=BigInteger)
        )
        self._statement = select(or_(waiting_or_running, due))

    def exists(self, connection: Connection, now: datetime) -> bool:
        """Whether a job waits for a worker, or runs, or was left over by a worker that died.

        Jobs that are put off count when their time has come.
        """
        milliseconds = int(now.timestamp() * 1000)
        return bool(connection.scalar(self._statement, {"milliseconds": milliseconds}))


def _ours(jobs: TableClause, condition: TextClause) -> Exists:
    """Of the jobs that this worker may take: those of another version are left to others."""
    return (
        exists()
        .select_from(jobs)
        .where(
            condition,
            or_(
                jobs.c.application_version == APPLICATION_VERSION,
                jobs.c.application_version.is_(None),
            ),
            or_(jobs.c.application_name == APPLICATION, jobs.c.application_name.is_(None)),
        )
    )
