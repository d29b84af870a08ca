"""The scheduled task of direct enrollments."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy.orm import Session

from bursar import clock
from bursar.database.engine import Database
from bursar.enrollment.direct import queries
from bursar.enrollment.direct.jobs import enqueue_batch
from bursar.jobs.queue import JobQueue
from bursar.jobs.tasks import Task
from bursar.settings import Settings

ASK_AGAIN: Final = timedelta(hours=1)
"""How long a wish waits before the LMS is asked again whether the learner has an account."""


def continue_direct_enrollments(database: Database, settings: Settings) -> Mapping[str, int]:
    """Continues batches whose job has failed, and asks an LMS again for accounts."""
    queue, now = JobQueue(database), clock.now()
    with database.transaction() as session:
        if settings.lms_url:
            queries.queue_waiting(session, uuid4(), now, since=now - ASK_AGAIN)
        batches = queries.unfinished_batches(session)
        for batch_uuid in batches:
            enqueue_batch(queue, session, batch_uuid)
    return {"batches under way": len(batches)}


def _is_needed(database: Database) -> bool:
    with database.read() as connection, Session(connection) as session:
        since = clock.now() - ASK_AGAIN
        return bool(queries.unfinished_batches(session)) or queries.is_any_waiting(session, since)


TASKS: Final = (
    Task("continue-direct-enrollments", continue_direct_enrollments, "*/10 * * * *", _is_needed),
)
