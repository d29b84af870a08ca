from collections.abc import Callable
from threading import Event
from typing import Final, ParamSpec, TypeVar

import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential

from bursar.database.engine import DATABASE_AWAY
from bursar.jobs.context import JobContext

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

LONGEST_PAUSE_SECONDS = 30.0

_log = structlog.get_logger(__name__)


class Interrupted(BaseException):
    """The worker stops. As a BaseException it is not recorded by DBOS as the outcome of the job,
    which can therefore be resumed."""


def run(
    context: JobContext,
    name: str,
    function: Callable[Parameters, Result],
    /,
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Result:
    """Runs one step of the running workflow and stores its result, a small JSON value.

    A step must be idempotent: if the process dies after the step has committed and before its
    result is stored, the step runs again. While the database is unavailable, the step waits and
    tries again. Any other error fails the job. Raises Interrupted when the worker stops.
    """
    from dbos import DBOS  # noqa: PLC0415 - web processes import this module, never DBOS

    def attempt() -> Result:
        return _persistently(context.stopping, function, *args, **kwargs)

    if context.stopping.is_set():
        raise Interrupted
    return DBOS.run_step({"name": name}, attempt)


def _persistently(
    stopping: Event,
    function: Callable[Parameters, Result],
    /,
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Result:
    def wait(seconds: float) -> None:
        if stopping.wait(seconds):
            raise Interrupted

    return _UNTIL_THE_DATABASE_IS_BACK.copy(sleep=wait)(function, *args, **kwargs)


def _tell(state: RetryCallState) -> None:
    error = state.outcome and state.outcome.exception()
    _log.warning("step waits for the database", error=str(error), seconds=state.upcoming_sleep)


_UNTIL_THE_DATABASE_IS_BACK: Final = Retrying(
    retry=retry_if_exception_type(DATABASE_AWAY),
    wait=wait_exponential(multiplier=0.5, max=LONGEST_PAUSE_SECONDS),
    before_sleep=_tell,
)
