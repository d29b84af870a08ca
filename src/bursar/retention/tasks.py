"""The scheduled task that forgets."""

from typing import Final

from bursar.jobs.tasks import Task
from bursar.retention.service import forget_old

TASKS: Final = (Task("forget-old", forget_old, "47 3 * * *"),)
