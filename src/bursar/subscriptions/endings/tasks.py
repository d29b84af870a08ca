"""What the end of plans makes necessary by the clock."""

from collections.abc import Mapping

from bursar.database.engine import Database
from bursar.enrollment.gateway import LmsGateway
from bursar.jobs.tasks import Task
from bursar.settings import Settings
from bursar.subscriptions.endings.expiry import expire_plans


def tasks(gateway: LmsGateway) -> tuple[Task, ...]:
    """With this LMS, where what a plan paid for has to end."""

    def expire(database: Database, _settings: Settings) -> Mapping[str, int]:
        return expire_plans(database, gateway)

    return (Task("expire-plans", expire, "23 * * * *"),)
