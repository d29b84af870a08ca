"""`bursar worker`."""

import signal
import sys
from typing import TYPE_CHECKING, Final

from bursar import logs
from bursar.cli.supervisor import READY, notify, watch
from bursar.cli.support import opened_database, settings_or_fail
from bursar.cli.telling import tell_missing_traces, tell_unsafe_settings
from bursar.cli.watched import watched
from bursar.work import background_worker

if TYPE_CHECKING:
    from bursar.jobs.worker import Worker

STUCK_SECONDS: Final = 90.0
"""While the database is away, a worker looks for jobs every half minute."""


def worker() -> None:
    """Do background work until told to stop."""
    settings = settings_or_fail()
    logs.configure(settings)
    tell_unsafe_settings(settings)
    tell_missing_traces()
    # Without this, a worker that is told to stop while it starts would leave no time to say so, and
    # would count as running for a minute.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with (
        opened_database(settings, wait_seconds=settings.database_wait) as database,
        watched(settings, database),
    ):
        work = background_worker(settings)
        work.run_until_signalled(on_start=lambda: _tell_supervisor(work))


def _tell_supervisor(work: "Worker") -> None:
    notify(READY)
    watch(lambda: work.silent_seconds < STUCK_SECONDS)
