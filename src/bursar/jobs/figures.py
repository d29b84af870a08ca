"""Figures about the queue and the tasks on schedules."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, column, func, select, table, text

from bursar.figures import Figure, FigureReader, age_seconds
from bursar.jobs.names import SCHEMA
from bursar.jobs.task_runs import last_successes

_STATES: Final = {"ENQUEUED": "waiting", "DELAYED": "put off", "PENDING": "running"}
# Literal conditions, because both databases use DBOS's partial indexes only for these: the jobs
# that ended, of which there may be many, are not looked at.
_UNFINISHED: Final = text("status IN ('ENQUEUED', 'PENDING', 'DELAYED')")


def queue_figures(connection: Connection, now: datetime) -> Iterator[Figure]:
    """How many jobs there are, and how long the oldest that nobody has taken waits."""
    jobs = table(
        "workflow_status",
        column("queue_name"),
        column("status"),
        column("created_at"),
        schema=None if connection.dialect.name == "sqlite" else SCHEMA,
    )
    statement = select(
        jobs.c.queue_name, jobs.c.status, func.count(), func.min(jobs.c.created_at)
    ).where(_UNFINISHED)
    counts: dict[tuple[str, ...], float] = {}
    ages: dict[tuple[str, ...], float] = {}
    rows = connection.execute(statement.group_by(jobs.c.queue_name, jobs.c.status))
    for queue, status, number, oldest in rows:
        counts[queue or "", _STATES[status]] = number
        if status == "ENQUEUED":
            since = datetime.fromtimestamp(oldest / 1000, UTC)
            ages[(queue or "",)] = age_seconds(since, now)
    yield Figure("bursar_jobs", "Jobs that are not finished, by state.", ("queue", "state"), counts)
    yield Figure(
        "bursar_jobs_oldest_waiting_seconds",
        "Since when the oldest job waits for a worker.",
        ("queue",),
        ages,
    )


def task_figures(tasks: Sequence[str]) -> FigureReader:
    """`tasks` are those on schedules. One that never succeeded shows 0, the beginning of 1970."""

    def read(connection: Connection, _now: datetime) -> Iterator[Figure]:
        found = last_successes(connection)
        stamps: dict[tuple[str, ...], float] = {
            (task,): found[task].timestamp() if task in found else 0.0 for task in sorted(tasks)
        }
        yield Figure(
            "bursar_task_last_success_timestamp_seconds",
            "When a task on a schedule last did its work, or saw that there was none.",
            ("task",),
            stamps,
        )

    return read
