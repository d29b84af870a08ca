from collections.abc import Callable
from typing import ParamSpec, TypeVar

import structlog

from bursar.database.engine import DATABASE_AWAY
from bursar.jobs import context

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

LONGEST_PAUSE_SECONDS = 30.0

_log = structlog.get_logger(__name__)


class Interrupted(BaseException):
    """The worker stops. DBOS records no outcome for it, so the job stays to be resumed."""


def run(
    name: str,
    function: Callable[Parameters, Result],
    /,
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Result:
    """One step of the running workflow; its answer, a small JSON value, is kept.

    A crash between the step's commit and the keeping of its answer runs it twice: it must be
    idempotent. While the database is away the step waits and tries again; any other error is
    the job's failure. Raises Interrupted when the worker stops.
    """
    from dbos import DBOS  # noqa: PLC0415 - web processes import this module, never DBOS

    def attempt() -> Result:
        return _persistently(lambda: function(*args, **kwargs))

    if context.stopping.is_set():
        raise Interrupted
    return DBOS.run_step({"name": name}, attempt)


def _persistently(function: Callable[[], Result]) -> Result:
    pause = 0.5
    while True:
        try:
            return function()
        except DATABASE_AWAY as error:
            _log.warning("step waits for the database", error=str(error), seconds=pause)
        if context.stopping.wait(pause):
            raise Interrupted
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
