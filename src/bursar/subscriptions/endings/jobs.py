"""The end of licensed enrolments, for as long as the LMS takes to answer."""

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.enrollment.gateway import LmsGateway
from bursar.enrollment.patience import patiently
from bursar.jobs.context import JobContext
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow
from bursar.subscriptions.endings.service import end_batch

END: Final = "subscriptions.end_enrollments"


def enqueue_ending(queue: JobQueue, session: Session, plan_uuid: UUID) -> None:
    """In the transaction that marked licences of the plan (`License.is_ending`)."""
    queue.enqueue(session, END, str(plan_uuid))


def workflows(gateway: LmsGateway) -> tuple[Workflow, ...]:
    """For a worker that tells this LMS."""

    def end(context: JobContext, plan_uuid: str, attempt: int = 0) -> int:
        """Returns how many licences it was."""

        def end_some() -> int:
            return end_batch(context.database, gateway, UUID(plan_uuid))

        total = 0
        while number := patiently(
            context, END, "end a batch", end_some, plan_uuid, attempt=attempt
        ):
            total += number
            attempt = 0
        return total

    return (Workflow(END, end),)
