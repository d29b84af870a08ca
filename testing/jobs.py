"""What the tests of background work look at and wait for."""

import time
from collections.abc import Callable

from sqlalchemy import TableClause, column, select, table

from bursar.database.engine import Database
from bursar.jobs.names import SCHEMA

PATIENCE_SECONDS = 30.0


def eventually(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


def _stored(database: Database) -> TableClause:
    return table(
        "workflow_status",
        column("workflow_uuid"),
        column("status"),
        schema=None if database.is_sqlite else SCHEMA,
    )


def jobs(database: Database) -> dict[str, str]:
    """Every job's id and status."""
    stored = _stored(database)
    with database.read() as connection:
        rows = connection.execute(select(stored.c.workflow_uuid, stored.c.status))
        return {row.workflow_uuid: row.status for row in rows}


def change_status(database: Database, job: str, status: str) -> None:
    """By hand, behind DBOS's back."""
    stored = _stored(database)
    with database.transaction() as session:
        session.execute(stored.update().where(stored.c.workflow_uuid == job).values(status=status))


def await_status(database: Database, job: str, status: str) -> None:
    eventually(lambda: jobs(database).get(job) == status, f"{job} is {status}")
