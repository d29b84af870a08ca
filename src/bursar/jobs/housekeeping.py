"""Deletes jobs that ended long ago, which DBOS itself keeps for ever."""

from datetime import timedelta
from typing import Final

from bursar import clock
from bursar.jobs import steps
from bursar.jobs.context import JobContext
from bursar.jobs.names import APPLICATION
from bursar.jobs.registry import Workflow

KEPT_DAYS: Final = 30
BATCH: Final = 500
_ENDED: Final = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]


def _forget_ended(context: JobContext) -> None:
    while steps.run(context, "forget a batch", _forget_batch) == BATCH:
        pass


def _forget_batch() -> int:
    from dbos import DBOS  # noqa: PLC0415 - only workers need it

    before = clock.now() - timedelta(days=KEPT_DAYS)
    ended = DBOS.list_workflows(
        status=_ENDED,
        completed_before=before.isoformat(),
        application_name=APPLICATION,
        limit=BATCH,
        load_input=False,
        load_output=False,
    )
    if ended:
        DBOS.delete_workflows([job.workflow_id for job in ended])
    return len(ended)


FORGET_ENDED: Final = Workflow("jobs.forget_ended", _forget_ended, schedule="17 3 * * *")
