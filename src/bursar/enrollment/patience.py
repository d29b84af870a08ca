"""Calls to the LMS from a workflow: repeated until it answers, over hours if need be."""

from collections.abc import Callable
from typing import Any, Final

from bursar.enrollment.gateway import LmsUnavailable
from bursar.jobs import steps
from bursar.jobs.later import put_off
from bursar.jobs.queue import Argument

PAUSES_SECONDS: Final = (2, 5, 15, 60, 300, 900, 1800, 3600, 3600, 7200, 7200)
GAVE_UP: Final = "the LMS did not answer"


def patiently(
    workflow: str, name: str, call: Callable[..., Any], *arguments: Argument, attempt: int
) -> Any:
    """The call's JSON answer, from a step of the running workflow, which has the same arguments.

    When the LMS does not answer, the workflow ends with PutOff and is run again after a pause,
    with the next attempt as its last argument. Raises LmsUnavailable in the end.
    """
    found = steps.run(name, _attempt, call, *arguments)
    if "answer" not in found:
        if attempt >= len(PAUSES_SECONDS):
            raise LmsUnavailable(GAVE_UP)
        pause = max(PAUSES_SECONDS[attempt], found["retry_after"] or 0)
        put_off(workflow, *arguments, attempt + 1, seconds=pause)
    return found["answer"]


def _attempt(call: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    try:
        return {"answer": call(*arguments)}
    except LmsUnavailable as error:
        return {"retry_after": error.retry_after}
