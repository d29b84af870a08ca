"""Evaluates filters over much content in the background, a batch a step."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.catalog.catalogs.events import CatalogChanged
from bursar.catalog.catalogs.refresh import refresh_batch
from bursar.catalog.membership.models import CatalogQuery
from bursar.events.event import Subscriber
from bursar.jobs import steps
from bursar.jobs.context import JobContext
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow


def enqueue_refresh(queue: JobQueue, session: Session, query_uuid: UUID) -> None:
    """For a query of `refresh.pending_queries`, in the transaction that made it wait.

    Repeating it is harmless: an evaluation is enqueued once, and again only if it failed.
    """
    statement = select(CatalogQuery.created_at).where(CatalogQuery.uuid == query_uuid)
    created_at = session.scalar(statement)
    if created_at is not None:
        # The uuid follows from the filter: a query that was dropped comes back with the same one.
        key = f"{REFRESH_QUERY.name}:{query_uuid}:{clock.format_instant(created_at)}"
        queue.enqueue(session, REFRESH_QUERY.name, str(query_uuid), key=key)


def refresh_pending_of(queue: JobQueue) -> Subscriber[CatalogChanged]:
    """Sees to it that a filter over much content is evaluated, whoever set it."""

    def enqueue(
        session: Session, _actor: Actor, events: Sequence[CatalogChanged], _at: datetime
    ) -> None:
        for query_uuid in dict.fromkeys(event.pending_query_uuid for event in events):
            if query_uuid is not None:
                enqueue_refresh(queue, session, query_uuid)

    return enqueue


def _refresh_query(context: JobContext, query_uuid: str) -> int:
    """Returns how many batches it took."""
    batches = 1
    while not steps.run(
        context, "evaluate a batch", refresh_batch, context.database, UUID(query_uuid)
    ):
        batches += 1
    return batches


REFRESH_QUERY: Final = Workflow("catalog.refresh_query", _refresh_query)
