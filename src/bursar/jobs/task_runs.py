"""Remembers when each task last succeeded, so that one that stands still is noticed."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from bursar.database.engine import insert_for
from bursar.jobs.models import TaskRun


def record_successes(session: Session, tasks: Collection[str], at: datetime) -> None:
    if not tasks:
        return
    statement = insert_for(session, TaskRun)
    rows = [{"task": task, "succeeded_at": at} for task in sorted(tasks)]
    session.execute(
        statement.values(rows).on_conflict_do_update(
            index_elements=[TaskRun.task], set_={"succeeded_at": statement.excluded.succeeded_at}
        )
    )


def last_successes(connection: Connection) -> Mapping[str, datetime]:
    """By task; those that never succeeded are left out."""
    rows = connection.execute(select(TaskRun.task, TaskRun.succeeded_at))
    return {row.task: row.succeeded_at for row in rows}
