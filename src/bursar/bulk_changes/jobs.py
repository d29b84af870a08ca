"""The background work of bulk changes: one job for each, a batch in each of its steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.bulk_changes.commands import Apply
from bursar.bulk_changes.events import BulkChangeRequested
from bursar.bulk_changes.models import BulkChange
from bursar.bulk_changes.service import make_next
from bursar.identity.clocks import in_time_of
from bursar.jobs import steps
from bursar.jobs.context import JobContext
from bursar.jobs.names import MANY_QUEUE
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow

MAKE: Final = "bulk_changes.make"


@dataclass(frozen=True, slots=True)
class EnqueueChange:
    """A subscriber that enqueues the job of a bulk change."""

    queue: JobQueue

    def __call__(
        self, session: Session, _actor: Actor, events: Sequence[BulkChangeRequested], _at: datetime
    ) -> None:
        for event in events:
            uuid = str(event.data.job_id)
            self.queue.enqueue(session, MAKE, uuid, key=f"{MAKE}:{uuid}", queue=MANY_QUEUE)


def workflows(kinds: Mapping[str, Apply]) -> tuple[Workflow, ...]:
    """The workflows of a worker that can make these kinds of changes."""

    def make(context: JobContext, uuid: str) -> None:
        of_change = select(BulkChange.enterprise_uuid).where(BulkChange.uuid == UUID(uuid))
        with in_time_of(context.database, of_change.scalar_subquery()):
            while steps.run(context, "batch", make_next, context.database, kinds, UUID(uuid)):
                pass

    return (Workflow(MAKE, make),)
