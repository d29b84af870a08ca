"""The scheduled task of bulk enrollment."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from bursar.database.engine import Database
from bursar.enrollment.bulk import queries
from bursar.enrollment.bulk.jobs import continue_jobs
from bursar.enrollment.bulk.pending import NO_PAIR, enroll_pending
from bursar.enrollment.gateway import LmsGateway
from bursar.jobs.queue import JobQueue
from bursar.jobs.tasks import Task
from bursar.settings import Settings


def tasks(gateway: LmsGateway) -> tuple[Task, ...]:
    """With this LMS, where pending pairs are enrolled."""

    def continue_all(database: Database, _settings: Settings) -> Mapping[str, int]:
        queue = JobQueue(database)
        settled = enroll_pending(database, queue, gateway)
        under_way = continue_jobs(database, queue)
        return {"pending pairs settled": settled, "jobs under way": under_way}

    return (Task("continue-bulk-enrollments", continue_all, "* * * * *", _is_needed),)


def _is_needed(database: Database) -> bool:
    with database.read() as connection, Session(connection) as session:
        return bool(queries.unfinished_jobs(session)) or bool(
            queries.pairs_to_continue(session, NO_PAIR, 1)
        )
