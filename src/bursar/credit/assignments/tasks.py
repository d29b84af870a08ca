"""What learner credit does by the clock."""

from typing import Final

from bursar.credit.assignments.expiry import expire_assignments
from bursar.credit.assignments.scrubbing import scrub_pii
from bursar.jobs.tasks import Task

TASKS: Final = (
    Task("expire-assignments", expire_assignments, "7 * * * *"),
    Task("scrub-pii", scrub_pii, "37 2 * * *"),
)
