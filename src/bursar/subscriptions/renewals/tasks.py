"""What renewals do by the clock."""

from typing import Final

from bursar.jobs.tasks import Task
from bursar.subscriptions.renewals.service import process_renewals

TASKS: Final = (
    # Often: until a renewal is processed, its plan is locked and its learners wait.
    Task("process-renewals", process_renewals, "*/5 * * * *"),
)
