"""The background work of every domain, and the worker that does it."""

from typing import Final

from bursar.catalog.jobs import REFRESH_QUERY
from bursar.jobs.housekeeping import FORGET_ENDED
from bursar.jobs.worker import Worker
from bursar.settings import Settings
from bursar.web.jobs import FORGET_EXPIRED_ANSWERS

WORKFLOWS: Final = (REFRESH_QUERY, FORGET_EXPIRED_ANSWERS, FORGET_ENDED)


def background_worker(settings: Settings) -> Worker:
    return Worker(settings.effective_database_url, settings, WORKFLOWS)
