"""What the tests of background work look at, wait for and start."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import TableClause, column, select, table

from bursar.database.engine import Database
from bursar.jobs.names import SCHEMA
from testing.waiting import wait_until


def _stored(database: Database) -> TableClause:
    return table(
        "workflow_status",
        column("workflow_uuid"),
        column("status"),
        column("queue_name"),
        column("name"),
        schema=None if database.is_sqlite else SCHEMA,
    )


def jobs(database: Database) -> dict[str, str]:
    """Every job's id and status."""
    stored = _stored(database)
    with database.read() as connection:
        rows = connection.execute(select(stored.c.workflow_uuid, stored.c.status))
        return {row.workflow_uuid: row.status for row in rows}


def queues(database: Database) -> dict[str, str]:
    """Every job's id and queue."""
    stored = _stored(database)
    with database.read() as connection:
        rows = connection.execute(select(stored.c.workflow_uuid, stored.c.queue_name))
        return {row.workflow_uuid: row.queue_name for row in rows}


def names(database: Database) -> list[str]:
    """The name of every job's workflow."""
    with database.read() as connection:
        return list(connection.execute(select(_stored(database).c.name)).scalars())


def change_status(database: Database, job: str, status: str) -> None:
    """By hand, behind DBOS's back."""
    stored = _stored(database)
    with database.transaction() as session:
        session.execute(stored.update().where(stored.c.workflow_uuid == job).values(status=status))


def await_status(database: Database, job: str, status: str) -> None:
    wait_until(lambda: jobs(database).get(job) == status, f"{job} is {status}")


@contextmanager
def worker_process(module: str, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that this module runs when it is given the database's URL; killed in the end."""
    process = subprocess.Popen([sys.executable, "-m", module, url])
    try:
        yield process
    finally:
        process.kill()
        process.wait()
