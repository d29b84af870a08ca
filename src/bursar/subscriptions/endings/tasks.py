"""What the end of plans makes necessary by the clock."""

from typing import Final

from bursar.jobs.tasks import Task
from bursar.subscriptions.endings.expiry import expire_plans

TASKS: Final = (Task("expire-plans", expire_plans, "23 * * * *"),)
