"""The background work of every domain, and the worker that does it."""

from typing import TYPE_CHECKING, Final

from bursar.catalog.jobs import REFRESH_QUERY
from bursar.jobs.housekeeping import FORGET_ENDED
from bursar.settings import Settings
from bursar.web.jobs import FORGET_EXPIRED_ANSWERS

if TYPE_CHECKING:
    from bursar.jobs.worker import Worker

WORKFLOWS: Final = (REFRESH_QUERY, FORGET_EXPIRED_ANSWERS, FORGET_ENDED)


def background_worker(settings: Settings) -> "Worker":
    """Not started yet. `bursar serve` on SQLite runs it beside the web processes."""
    from bursar.jobs.worker import Worker  # noqa: PLC0415 - commands that need no worker start fast

    return Worker(settings.effective_database_url, WORKFLOWS)
