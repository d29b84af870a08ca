"""Says again and again that this process runs, in a thread of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bursar import clock
from bursar.database.engine import Database
from bursar.processes.service import BEAT_SECONDS, Process, say_running, say_stopped

_log = structlog.get_logger(__name__)


@contextmanager
def present(
    database: Database, process: Process, *, seconds: float = BEAT_SECONDS
) -> Iterator[None]:
    """The process is seen when this returns, unless the database is away; and until the block ends.

    A database that is away is waited for: the process itself goes on without it.
    """
    ended = Event()
    _beat(database, process)
    thread = Thread(
        target=_go_on, args=(database, process, ended, seconds), name="presence", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(seconds)
        _leave(database, process)


def _go_on(database: Database, process: Process, ended: Event, seconds: float) -> None:
    while not ended.wait(seconds):
        _beat(database, process)


def _beat(database: Database, process: Process) -> None:
    at = clock.now()
    try:
        with database.transaction() as session:
            say_running(session, process, at=at)
    except SQLAlchemyError as error:
        _log.warning("processes.not_seen", error=type(error).__name__)


def _leave(database: Database, process: Process) -> None:
    try:
        with database.transaction() as session:
            say_stopped(session, process)
    except SQLAlchemyError as error:
        _log.warning("processes.not_seen", error=type(error).__name__)
