"""The scheduled task that ends the enrollments of expired plans."""

from collections.abc import Mapping
from typing import Final

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.database.engine import Database
from bursar.enrollment.gateway import LmsGateway, LmsUnavailable
from bursar.jobs.tasks import Task
from bursar.settings import Settings
from bursar.subscriptions.endings.service import (
    end_batch,
    expire_plan,
    find_expired,
    find_plans_to_end,
)

ACTOR: Final = Actor("task:expire-plans", kind=ActorKind.TASK)


def expire_plans(database: Database, gateway: LmsGateway) -> Mapping[str, int]:
    """Marks what has to end first, which is durable, and then ends as much as the LMS allows at
    once."""
    at = clock.now()
    expired = ended = waiting = 0
    for command in find_expired(database, at):
        with database.transaction() as session:
            expired += expire_plan(session, ACTOR, command, at=at)
    for plan_uuid in find_plans_to_end(database):
        try:
            while number := end_batch(database, gateway, plan_uuid):
                ended += number
        except LmsUnavailable:
            waiting += 1  # A job continues with the rest.
    return {"expired": expired, "ended": ended, "waiting": waiting}


def tasks(gateway: LmsGateway) -> tuple[Task, ...]:
    """The tasks of a worker that uses this LMS."""

    def expire(database: Database, _settings: Settings) -> Mapping[str, int]:
        return expire_plans(database, gateway)

    return (Task("expire-plans", expire, "23 * * * *"),)
