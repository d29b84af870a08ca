"""Calls to the LMS from a workflow: repeated until it answers, over hours if need be."""

from collections.abc import Callable
from functools import partial
from typing import Final, NotRequired, TypedDict, TypeVar, cast, final

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
    may_be_done: NotRequired[bool]
    """The release before this one did not store it."""


def patiently(
    context: JobContext,
    workflow: str,
    step: str,
    call: Callable[[], Answer],
    *arguments: Argument,
    attempt: int,
    unsure: bool | None = None,
) -> Answer:
    """The JSON value that the call answers, in a step of the running workflow.

    When the LMS does not answer, the workflow ends with PutOff and is run again after a pause:
    with these arguments, which are its own, and the next attempt as the last one. Raises
    LmsUnavailable in the end.

    `unsure` is for a workflow that would then report that nothing was done: whether an attempt
    before this one may have been done. It never gives up while that is unknown, because what the
    LMS did would be told as failed. Its arguments end with `unsure`, false when it is absent.
    """
    found = steps.run(context, step, _attempt, call)
    if "retry_after" in found:
        may_be_done = unsure is not None and (unsure or found.get("may_be_done", True))
        pause = max(_pause_after(attempt), found["retry_after"] or 0)
        if attempt >= len(PAUSES_SECONDS):
            tell = partial(_log.warning, workflow=workflow, step=step, attempts=attempt + 1)
            if not may_be_done:
                tell("gave up on the LMS")
                raise LmsUnavailable(GAVE_UP, may_be_done=False)
            tell("the LMS does not say whether it did what it was asked for", pause=pause)
        known = (True,) if may_be_done else ()
        put_off(context, workflow, *arguments, attempt + 1, *known, seconds=pause)
    # A resumed workflow is given the step's stored answer, which is what the call once returned.
    return cast("Answer", found["answer"])


def _pause_after(attempt: int) -> float:
    return PAUSES_SECONDS[min(attempt, len(PAUSES_SECONDS) - 1)]


def _attempt(call: Callable[[], object]) -> _Answered | _Away:
    try:
        return {"answer": call()}
    except LmsUnavailable as error:
        return {"retry_after": error.retry_after, "may_be_done": error.may_be_done}
