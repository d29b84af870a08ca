"""What a worker shows of itself: its metrics, and that it runs."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bursar import __version__, clock, tracing
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.database.engine import Database
from bursar.identity.secret_file import seal_of
from bursar.processes.presence import present
from bursar.processes.service import this_process
from bursar.settings import Settings
from bursar.work import open_database, worker_metrics


@contextmanager
def watched(settings: Settings, database: Database) -> Iterator[None]:
    """A worker that runs meanwhile is seen by commands and monitoring, answers `/metrics` where
    the settings say, and sends traces if it is asked to. Ends the command if it cannot listen
    there."""
    with ExitStack() as stack:
        stack.enter_context(tracing.recorded(os.environ))
        try:
            stack.enter_context(worker_metrics(settings))
        except OSError as error:
            fail(f"BURSAR_WORKER_METRICS: cannot listen on it: {error.strerror}", EXIT_INVALID)
        secrets = seal_of(database, settings).fingerprints
        process = this_process("worker", __version__, secrets, at=clock.now())
        stack.enter_context(present(database, process))
        yield


@contextmanager
def watched_beside_web(settings: Settings) -> Iterator[None]:
    """The same for the worker of `bursar serve`, which has no database open itself."""
    database = open_database(settings, pool_size=1)
    try:
        with watched(settings, database):
            yield
    finally:
        database.dispose()
