"""Calls to the LMS from a workflow: repeated until it answers, over hours if need be."""

from collections.abc import Callable
from typing import Final, TypedDict, TypeVar, cast, final

import structlog

from bursar.enrollment.gateway import LmsUnavailable
from bursar.jobs import steps
from bursar.jobs.context import JobContext
from bursar.jobs.later import put_off
from bursar.jobs.queue import Argument

Answer = TypeVar("Answer")

PAUSES_SECONDS: Final = (2, 5, 15, 60, 300, 900, 1800, 3600, 3600, 7200, 7200)
GAVE_UP: Final = "the LMS did not answer"

_log = structlog.get_logger(__name__)


@final
class _Answered(TypedDict):
    answer: object


@final
class _Away(TypedDict):
    retry_after: float | None


def patiently(
    context: JobContext,
    workflow: str,
    step: str,
    call: Callable[[], Answer],
    *arguments: Argument,
    attempt: int,
) -> Answer:
    """The JSON value that the call answers, in a step of the running workflow.

    When the LMS does not answer, the workflow ends with PutOff and is run again after a pause:
    with these arguments, which are its own, and the next attempt as the last one. Raises
    LmsUnavailable in the end.
    """
    found = steps.run(context, step, _attempt, call)
    if "retry_after" in found:
        if attempt >= len(PAUSES_SECONDS):
            _log.warning("gave up on the LMS", workflow=workflow, step=step, attempts=attempt + 1)
            raise LmsUnavailable(GAVE_UP)
        pause = max(PAUSES_SECONDS[attempt], found["retry_after"] or 0)
        put_off(context, workflow, *arguments, attempt + 1, seconds=pause)
    # A resumed workflow is given the step's stored answer, which is what the call once returned.
    return cast("Answer", found["answer"])


def _attempt(call: Callable[[], object]) -> _Answered | _Away:
    try:
        return {"answer": call()}
    except LmsUnavailable as error:
        return {"retry_after": error.retry_after}
