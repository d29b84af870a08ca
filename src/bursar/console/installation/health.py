"""How the installation is: what `/metrics` and `/ready` say, and where to go on from there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.catalog.sync.service import latest_runs
from bursar.console.figures import ago, counted
from bursar.console.installation.delivering import DELIVERIES
from bursar.console.installation.working import JOBS, failed_lately, stuck_jobs
from bursar.console.screens import OF_INSTALLATION, Screens
from bursar.console.todo import Todo
from bursar.console.visits import Html, Visit
from bursar.figures import Figure
from bursar.processes.service import running_processes

screens: Final = Screens()
LATE: Final = timedelta(hours=1)
"""A delivery that waits for longer is worth a look."""
_LATEST_RUNS: Final = 5
_CHANNELS: Final = {
    "mail": "Mail",
    "webhook": "Webhooks",
    "xapi": "xAPI",
    "report": "Reports",
    "scim": "SCIM",
}


@dataclass(frozen=True, slots=True)
class Sending:
    """What a channel has to send."""

    channel: str
    title: str
    waiting: int
    retrying: int
    oldest: timedelta
    failed: int


@dataclass(frozen=True, slots=True)
class TaskState:
    name: str
    succeeded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    waiting: int
    running: int
    put_off: int
    oldest: timedelta


@screens.get(OF_INSTALLATION)
def show_health(visit: Visit, connection: Connection) -> Html:
    figures = visit.installation.figures(connection, visit.now)
    processes = running_processes(connection, at=visit.now)
    sending, queues = sending_of(figures), queues_of(figures)
    with Session(connection) as session:
        runs = latest_runs(session, _LATEST_RUNS)
    given = {
        "todo": list(_todo(visit, figures, sending)),
        "sending": sending,
        "queues": queues,
        "tasks": tasks_of(figures),
        "processes": processes,
        "runs": runs,
        "jobs": sum(each.waiting + each.running + each.put_off for each in queues),
        "running": sum(each.running for each in queues),
        "oldest_job": max((each.oldest for each in queues), default=timedelta()),
        "unsent": sum(each.waiting + each.retrying for each in sending),
        "oldest_delivery": max((each.oldest for each in sending), default=timedelta()),
        "given_up": sum(each.failed for each in sending),
        "database": _database(visit, connection),
        "version": visit.installation.version,
    }
    return Html("operator-health.html", given)


def _database(visit: Visit, connection: Connection) -> str:
    info = connection.dialect.server_version_info or ()
    name = "SQLite" if visit.database.is_sqlite else "PostgreSQL"
    return f"{name} {'.'.join(map(str, info))}"


def sending_of(figures: Mapping[str, Figure]) -> list[Sending]:
    counts = figures["bursar_deliveries"].values
    oldest = figures["bursar_deliveries_oldest_seconds"].values
    failed = figures["bursar_deliveries_failed_recently"].values
    return [
        Sending(
            channel,
            _CHANNELS.get(channel, channel),
            int(counts.get((channel, "waiting"), 0)),
            int(counts.get((channel, "retrying"), 0)),
            timedelta(seconds=oldest[channel,]),
            int(failed.get((channel,), 0)),
        )
        for (channel,) in oldest
    ]


def queues_of(figures: Mapping[str, Figure]) -> list[Queue]:
    counts = figures["bursar_jobs"].values
    oldest = figures["bursar_jobs_oldest_waiting_seconds"].values
    return [
        Queue(
            name,
            int(counts.get((name, "waiting"), 0)),
            int(counts.get((name, "running"), 0)),
            int(counts.get((name, "put off"), 0)),
            timedelta(seconds=oldest.get((name,), 0)),
        )
        for name in sorted({queue for queue, _state in counts})
    ]


def tasks_of(figures: Mapping[str, Figure]) -> list[TaskState]:
    stamps = figures["bursar_task_last_success_timestamp_seconds"].values
    return [
        TaskState(name, datetime.fromtimestamp(stamp, UTC) if stamp else None)
        for (name,), stamp in stamps.items()
    ]


def _todo(visit: Visit, figures: Mapping[str, Figure], sending: list[Sending]) -> Iterator[Todo]:
    """What went wrong, the gravest first."""
    readiness = visit.installation.readiness()
    for error in (*([readiness.problem] if readiness.problem else []), *readiness.errors):
        yield Todo("This process is not as it should be", error, "bad", OF_INSTALLATION)
    yield from _todo_of_processes(figures)
    yield from _todo_of_jobs(visit)
    for each in sending:
        path = f"{DELIVERIES}?channel={each.channel}"
        if each.failed:
            title = f"{each.title}: {each.failed:,} given up in 24 hours"
            yield Todo(title, "Each says what was answered.", "bad", f"{path}&state=failed")
        if each.oldest >= LATE:
            since = ago(visit.now - each.oldest, visit.now)
            title = f"{each.title}: the oldest was queued {since}"
            yield Todo(title, "It is not sent yet.", "wait", f"{path}&state=pending")


def _todo_of_processes(figures: Mapping[str, Figure]) -> Iterator[Todo]:
    if not figures["bursar_processes"].values["worker",]:
        about = "Nothing is sent, enrolled or done on a schedule until one runs."
        yield Todo("No worker runs", about, "bad", f"{OF_INSTALLATION}#processes")


def _todo_of_jobs(visit: Visit) -> Iterator[Todo]:
    stuck, failed = stuck_jobs(visit), failed_lately(visit)
    if stuck:
        title = f"{counted(len(stuck), 'job')} stuck"
        yield Todo(title, "They wait or run for longer than they should.", "bad", JOBS)
    if failed:
        title = f"{counted(len(failed), 'job')} failed in 7 days"
        yield Todo(title, "Each says why, and can be retried.", "bad", f"{JOBS}?state=failed")
