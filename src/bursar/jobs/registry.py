from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Workflow:
    """A kind of background work.

    A job is resumed by running `function` again with the answers of the finished steps put in,
    so everything that is not repeatable belongs into a step. Arguments are JSON values.
    """

    name: str
    """Stored with every job: renaming strands the jobs that wait."""
    function: Callable[..., Any]
    schedule: str | None = None
    """Cron, in UTC; `function` then takes no arguments."""
