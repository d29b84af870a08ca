from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate

from bursar.jobs.context import JobContext


@dataclass(frozen=True, slots=True)
class Workflow:
    """A kind of background work.

    A job is resumed by running `function` again with the answers of the finished steps put in,
    so everything that is not repeatable belongs into a step. It takes the worker's context, and
    then JSON values.
    """

    name: str
    """Stored with every job: renaming strands the jobs that wait."""
    function: Callable[Concatenate[JobContext, ...], object]
    schedule: str | None = None
    """Cron, in UTC; `function` then takes nothing but the context."""
    is_needed: Callable[[JobContext], bool] | None = None
    """Of scheduled work: a cheap look that saves the job where it would find nothing to do. None:
    it is always done."""
