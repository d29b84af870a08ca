"""The tasks that pull progress from the LMS."""

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from typing import Final, TypeAlias

from bursar.database.engine import Database
from bursar.enrollment.progress.lms_reading import ProgressReader
from bursar.enrollment.progress.pulling import Pull, Pulled, counts_of
from bursar.jobs.tasks import Task
from bursar.settings import Settings

ReaderOf: TypeAlias = Callable[[Settings], ProgressReader]

SECONDS: Final = 480.0
"""How long the scheduled task pulls. The next one, which comes every ten minutes, goes on there."""
HOURLY: Final = timedelta(hours=1)


def tasks(reader_of: ReaderOf) -> tuple[Task, ...]:
    def pull_all(database: Database, settings: Settings) -> Mapping[str, int]:
        return _pull(database, settings, reader_of, seconds=None)

    def pull_due(database: Database, settings: Settings) -> Mapping[str, int]:
        if not settings.progress_every:
            return counts_of(Pulled())
        return _pull(database, settings, reader_of, seconds=SECONDS)

    return (
        Task("pull-progress", pull_all, None),
        Task("pull-due-progress", pull_due, "*/10 * * * *"),
    )


def _pull(
    database: Database, settings: Settings, reader_of: ReaderOf, *, seconds: float | None
) -> Mapping[str, int]:
    """Without an LMS there is nothing to pull: Bursar knows all that there is."""
    if not settings.lms_url:
        return counts_of(Pulled())
    every = timedelta(seconds=settings.progress_every) or HOURLY
    with closing(reader_of(settings)) as reader:
        pull = Pull(database, reader, every, seconds=seconds)
        return counts_of(pull.run(all_runs=seconds is None))
