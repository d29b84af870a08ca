"""Calls to the LMS from a workflow: repeated until it answers, over hours if need be."""

from collections.abc import Callable
from typing import Any, Final

from bursar.enrollment.gateway import LmsUnavailable
from bursar.jobs import steps

PAUSES_SECONDS: Final = (2, 5, 15, 60, 300, 900, 1800, 3600, 3600, 7200, 7200)
GAVE_UP: Final = "the LMS did not answer"


def patiently(name: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """The call's JSON answer, from a step of the running workflow. Raises LmsUnavailable in the
    end; a restarted workflow goes on where it was."""
    for pause in (*PAUSES_SECONDS, None):
        found = steps.run(name, _attempt, call, *arguments)
        if "answer" in found:
            return found["answer"]
        if pause is not None:
            steps.sleep(max(pause, found["retry_after"] or 0))
    raise LmsUnavailable(GAVE_UP)


def _attempt(call: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    try:
        return {"answer": call(*arguments)}
    except LmsUnavailable as error:
        return {"retry_after": error.retry_after}
