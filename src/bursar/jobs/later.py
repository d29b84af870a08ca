"""Postpones work of a running job: a successor does it later, so that no worker has to wait."""

from typing import NoReturn

from bursar.jobs import steps
from bursar.jobs.context import JobContext
from bursar.jobs.queue import Argument


class PutOff(Exception):
    """Ends the running job, because its successor will do the rest."""


def put_off(context: JobContext, workflow: str, *arguments: Argument, seconds: float) -> NoReturn:
    """Enqueues the successor and raises PutOff. It must be called by a workflow, outside its
    steps."""
    steps.run(
        context, "put off", _enqueue_successor, context, workflow, *arguments, seconds=seconds
    )
    raise PutOff


def _enqueue_successor(
    context: JobContext, workflow: str, *arguments: Argument, seconds: float
) -> None:
    from dbos import DBOS  # noqa: PLC0415 - see steps.run

    job_id = DBOS.workflow_id
    assert job_id is not None  # noqa: S101 - a step has a workflow
    with context.database.transaction() as session:
        context.queue.enqueue_successor(session, job_id, workflow, *arguments, seconds=seconds)
