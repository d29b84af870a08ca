"""Starts the runner of jobs when there are some, and lets it rest when there are none."""

from time import monotonic

from bursar import clock
from bursar.jobs.context import JobContext
from bursar.jobs.runner import JobRunner
from bursar.jobs.schedules import Schedules
from bursar.jobs.unfinished import Unfinished


class Watch:
    """What an idle worker does: one look, repeated by a loop, is one small query."""

    def __init__(
        self,
        runner: JobRunner,
        schedules: Schedules,
        unfinished: Unfinished,
        *,
        resting_seconds: float,
    ) -> None:
        """The runner runs already."""
        self._runner = runner
        self._schedules = schedules
        self._unfinished = unfinished
        self._resting_seconds = resting_seconds
        self._last_work = monotonic()

    def look(self, context: JobContext) -> None:
        """Raises SQLAlchemy's errors while the database is away; a runner goes on meanwhile."""
        now = clock.now()
        self._schedules.enqueue_due(context, now)
        with context.database.read() as connection:
            has_work = self._unfinished.exists(connection, now)
        if has_work:
            self._last_work = monotonic()
            if not self._runner.is_running:
                self._runner.start()
        elif self._runner.is_running and self._is_time_to_rest():
            self._runner.rest()

    def _is_time_to_rest(self) -> bool:
        return monotonic() - self._last_work >= self._resting_seconds
