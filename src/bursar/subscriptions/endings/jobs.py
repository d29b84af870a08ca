"""The end of licensed enrolments, for as long as the LMS takes to answer."""

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.enrollment.patience import patiently
from bursar.jobs import context
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow
from bursar.settings import get_settings
from bursar.subscriptions.endings.service import end_batch


def enqueue_ending(queue: JobQueue, session: Session, plan_uuid: UUID) -> None:
    """In the transaction that marked licences of the plan (`License.is_ending`)."""
    queue.enqueue(session, END.name, str(plan_uuid))


def _end(plan_uuid: str, attempt: int = 0) -> int:
    """Returns how many licences it was."""
    total = 0
    while number := patiently(END.name, "end a batch", _end_batch, plan_uuid, attempt=attempt):
        total += number
        attempt = 0
    return total


def _end_batch(plan_uuid: str) -> int:
    return end_batch(context.database(), get_settings(), UUID(plan_uuid))


END: Final = Workflow("subscriptions.end_enrollments", _end)
WORKFLOWS: Final = (END,)
