"""Work that the clock makes necessary: a worker does it on schedule, `bursar run` at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bursar.database.engine import Database
from bursar.jobs import steps
from bursar.jobs.context import JobContext
from bursar.jobs.registry import Workflow
from bursar.settings import Settings


@dataclass(frozen=True, slots=True)
class Task:
    name: str
    function: Callable[[Database, Settings], Mapping[str, int]]
    """Idempotent: it may be run twice. Answers how many of what it did, such as expired: 3."""
    schedule: str | None
    """Cron, in UTC. None: something else makes sure that it is done in time, or an operator
    decides that it is done."""
    is_needed: Callable[[Database], bool] | None = None
    """A cheap look for work that is scheduled often, and rarely finds something to do."""


def scheduled(task: Task, settings: Settings) -> Workflow:
    """The task in one step, on its schedule."""

    def run(context: JobContext) -> None:
        steps.run(context, task.name, lambda: dict(task.function(context.database, settings)))

    def is_needed(context: JobContext) -> bool:
        return task.is_needed is None or task.is_needed(context.database)

    return Workflow(f"task.{task.name}", run, task.schedule, is_needed)
