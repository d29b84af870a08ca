"""Work that a running job puts off: a successor does it later, and no worker waits meanwhile."""

from typing import NoReturn

from bursar.jobs import context, steps
from bursar.jobs.queue import Argument, JobQueue


class PutOff(Exception):
    """Ends the running job, which has done what it could."""


def put_off(workflow: str, *arguments: Argument, seconds: float) -> NoReturn:
    """From a workflow, outside of its steps. Raises PutOff."""
    steps.run("put off", _enqueue_successor, workflow, *arguments, seconds=seconds)
    raise PutOff


def _enqueue_successor(workflow: str, *arguments: Argument, seconds: float) -> None:
    from dbos import DBOS  # noqa: PLC0415 - see steps.run

    job_id, database = DBOS.workflow_id, context.database()
    assert job_id is not None  # noqa: S101 - a step has a workflow
    with database.transaction() as session:
        JobQueue(database).enqueue_successor(session, job_id, workflow, *arguments, seconds=seconds)
