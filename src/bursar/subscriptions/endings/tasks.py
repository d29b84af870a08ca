"""The task that ends the enrollments of expired plans, and the one that ends what they left."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.database.engine import Database
from bursar.enrollment.gateway import LmsGateway, LmsUnavailable
from bursar.enrollment.rehearsal import without_waiting
from bursar.jobs.tasks import Task
from bursar.settings import Settings
from bursar.subscriptions.endings.service import (
    end_batch,
    expire_plan,
    find_expired,
    find_plans_to_end,
)
from bursar.subscriptions.endings.unpaid import TASK, end_unpaid

ACTOR: Final = Actor("task:expire-plans", kind=ActorKind.TASK)


@without_waiting()
def expire_plans(database: Database, gateway: LmsGateway) -> Mapping[str, int]:
    """Marks what has to end first, which is durable, and then ends as much as the LMS allows at
    once."""
    expired, ended, waiting = mark_expired(database), 0, 0
    for plan_uuid in find_plans_to_end(database):
        try:
            while number := end_batch(database, gateway, plan_uuid):
                ended += number
        except LmsUnavailable:
            waiting += 1  # A job continues with the rest.
    return {"expired": expired, "ended": ended, "waiting": waiting}


def mark_expired(database: Database, only: UUID | None = None) -> int:
    """How many plans. A job ends what their licenses paid for, if the task does not."""
    at, expired = clock.now(), 0
    for command in find_expired(database, at, only):
        with database.transaction() as session:
            expired += expire_plan(session, ACTOR, command, at=at)
    return expired


def tasks(gateway: LmsGateway) -> tuple[Task, ...]:
    """The tasks of a worker that uses this LMS."""

    def expire(database: Database, _settings: Settings) -> Mapping[str, int]:
        return expire_plans(database, gateway)

    def end_what_is_unpaid(database: Database, _settings: Settings) -> Mapping[str, int]:
        return end_unpaid(database, gateway)

    return (
        Task("expire-plans", expire, "23 * * * *"),
        # It ends seats that learners have, so that an operator looks at them before.
        Task(TASK, end_what_is_unpaid, None),
    )
