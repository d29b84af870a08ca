"""`bursar worker`."""

from bursar import logs
from bursar.cli.support import opened_database, settings_or_fail
from bursar.work import background_worker


def worker() -> None:
    """Do background work until told to stop."""
    settings = settings_or_fail()
    logs.configure(settings)
    with opened_database(settings):
        pass
    background_worker(settings).run_until_signalled()
