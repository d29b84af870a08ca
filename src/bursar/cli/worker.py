"""`bursar worker`."""

import signal
import sys

from bursar import logs
from bursar.cli.support import opened_database, settings_or_fail
from bursar.cli.telling import tell_unsafe_settings
from bursar.cli.watched import watched
from bursar.work import background_worker


def worker() -> None:
    """Do background work until told to stop."""
    settings = settings_or_fail()
    logs.configure(settings)
    tell_unsafe_settings(settings)
    # Without this, a worker that is told to stop while it starts would leave no time to say so, and
    # would count as running for a minute.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with opened_database(settings) as database, watched(settings, database):
        background_worker(settings).run_until_signalled()
