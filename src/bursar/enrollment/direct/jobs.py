"""The background work of direct enrollments: a job works on one batch of wishes, in small parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.enrollment.direct.commands import WishState
from bursar.enrollment.direct.events import DirectEnrollmentsRequested
from bursar.enrollment.direct.models import DirectEnrollment
from bursar.enrollment.direct.queries import change_wishes, queue_waiting
from bursar.enrollment.direct.working import QueueAgain, Working, work_on
from bursar.enrollment.gateway import LmsGateway
from bursar.enrollment.patience import patiently
from bursar.identity.clocks import in_time_of
from bursar.jobs.context import JobContext
from bursar.jobs.names import MANY_QUEUE
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow
from bursar.learners.events import LearnerLinked

WORK: Final = "direct_enrollments.work"
SIZE: Final = 1_000
"""Wishes that are recorded together."""
LMS_SIZE: Final = 100
"""The same when an LMS is connected, because it enrolls only a few learners a second and may
become unavailable."""


@dataclass(frozen=True, slots=True)
class EnqueueWork:
    """Subscribers that enqueue the job, in the transaction that queued the wishes."""

    queue: JobQueue

    def of_requested(
        self,
        session: Session,
        _actor: Actor,
        events: Sequence[DirectEnrollmentsRequested],
        _at: datetime,
    ) -> None:
        for event in events:
            if event.queued:
                enqueue_batch(self.queue, session, event.batch_uuid)

    def of_linked(
        self, session: Session, _actor: Actor, events: Sequence[LearnerLinked], at: datetime
    ) -> None:
        """Wishes wait for the accounts of their learners."""
        batch_uuid = uuid4()
        learner_ids = [event.learner_id for event in events]
        if queue_waiting(session, batch_uuid, at, learner_ids=learner_ids):
            enqueue_batch(self.queue, session, batch_uuid)


def enqueue_batch(queue: JobQueue, session: Session, batch_uuid: UUID) -> None:
    """Enqueues nothing while the batch's job waits or runs, and another one after it has failed."""
    queue.enqueue(session, WORK, str(batch_uuid), key=f"{WORK}:{batch_uuid}", queue=MANY_QUEUE)


def queue_again(queue: JobQueue) -> QueueAgain:
    def queue_wishes(session: Session, ids: Sequence[int], at: datetime) -> None:
        batch_uuid = uuid4()
        change_wishes(
            session,
            ids,
            {
                "state": WishState.QUEUED.value,
                "error": None,
                "in_lms": True,
                "batch_uuid": batch_uuid,
                "modified_at": at,
            },
        )
        enqueue_batch(queue, session, batch_uuid)

    return queue_wishes


def workflows(gateway: LmsGateway, *, has_lms: bool, lms_public_url: str) -> tuple[Workflow, ...]:
    """The workflows of a worker that uses this LMS."""
    size = LMS_SIZE if has_lms else SIZE

    def work(context: JobContext, batch_uuid: str, attempt: int = 0) -> int:
        """Returns the number of wishes."""
        again = queue_again(context.queue)
        working = Working(context.database, gateway, again, lms_public_url)

        def work_on_some() -> int:
            return work_on(working, UUID(batch_uuid), size)

        total = 0
        of_batch = (
            select(DirectEnrollment.enterprise_uuid)
            .where(DirectEnrollment.batch_uuid == UUID(batch_uuid))
            .limit(1)
        )
        with in_time_of(context.database, of_batch.scalar_subquery()):
            while number := patiently(
                context, WORK, "work", work_on_some, batch_uuid, attempt=attempt
            ):
                total += number
                attempt = 0
        return total

    return (Workflow(WORK, work),)
