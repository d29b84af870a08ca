"""Running processes are seen by others through the database."""

from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from structlog.testing import capture_logs

from bursar import clock
from bursar.database.engine import Database
from bursar.processes.presence import present
from bursar.processes.service import (
    SILENT,
    Process,
    running_processes,
    say_running,
    this_process,
)
from testing.servers.processes import free_port
from testing.waiting import wait_until

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def seen(database: Database, at: datetime = NOW) -> list[Process]:
    with database.read() as connection:
        return running_processes(connection, at=at)


def say(database: Database, process: Process, at: datetime = NOW) -> None:
    with database.transaction() as session:
        say_running(session, process, at=at)


def test_a_process_is_seen_until_it_was_not_heard_of_for_a_minute(database: Database) -> None:
    process = this_process("web", "0.2.0", ["f"], at=NOW)
    say(database, process)
    assert seen(database) == [process]
    assert seen(database, NOW + SILENT - timedelta(seconds=1)) == [process]
    assert seen(database, NOW + SILENT) == []
    say(database, process, NOW + SILENT)
    (again,) = seen(database, NOW + SILENT)
    assert (again.started_at, again.seen_at) == (NOW, NOW + SILENT)


def test_a_process_that_nobody_heard_of_for_a_day_is_forgotten(database: Database) -> None:
    old, new = (this_process("web", "0.2.0", [], at=NOW) for _ in range(2))
    say(database, old)
    say(database, new, NOW + timedelta(days=1, seconds=1))
    assert seen(database) == [seen(database, NOW + timedelta(days=1, seconds=2))[0]]


def test_a_process_is_present_until_it_leaves(database: Database) -> None:
    process = this_process("worker", "0.2.0", ["f"], at=clock.now())
    with present(database, process, seconds=0.01):
        (first,) = seen(database, clock.now())
        wait_until(lambda: seen(database, clock.now())[0].seen_at > first.seen_at, "a beat")
    assert seen(database, clock.now()) == []


def test_what_a_process_does_is_not_kept_up_by_a_database_that_is_away() -> None:
    database = Database(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    done = Event()
    with capture_logs() as lines, present(database, this_process("web", "", [], at=NOW)):
        done.set()
    database.dispose()
    assert done.is_set()
    assert {line["event"] for line in lines} == {"processes.not_seen"}


@pytest.mark.parametrize("kind", ["web", "worker"])
def test_a_process_is_named_so_that_an_operator_finds_it(kind: str) -> None:
    process = this_process(kind, "", [], at=NOW)
    assert str(process) == f"{kind} process {process.pid} on {process.host}"
