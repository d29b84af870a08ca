"""What bulk enrolment does by the clock."""

from collections.abc import Mapping
from typing import Final

from bursar.database.engine import Database
from bursar.enrollment.bulk.jobs import continue_jobs
from bursar.enrollment.bulk.pending import enroll_pending
from bursar.enrollment.gateway import gateway_for
from bursar.jobs.tasks import Task
from bursar.settings import Settings


def _continue(database: Database, settings: Settings) -> Mapping[str, int]:
    settled = enroll_pending(database, settings, gateway_for(settings))
    return {"pending pairs settled": settled, "jobs under way": continue_jobs(database)}


TASKS: Final = (Task("continue-bulk-enrollments", _continue, "* * * * *"),)
