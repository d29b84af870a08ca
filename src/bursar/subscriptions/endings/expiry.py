"""What a plan paid for ends with it, unless a renewal takes over."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import exists, select, update

from bursar import clock
from bursar.actors import Actor
from bursar.audit.service import Change, record
from bursar.database.engine import Database
from bursar.enrollment.gateway import LmsGateway, LmsUnavailable
from bursar.jobs.queue import JobQueue
from bursar.subscriptions.endings.jobs import enqueue_ending
from bursar.subscriptions.endings.service import end_batch, plans_to_end
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.seats import IS_LIVE, licenses
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.locking import lock_plan
from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan

ACTOR: Final = Actor("task:expire-plans")
_plans = SubscriptionPlan.__table__.c
_WITHOUT_RENEWAL: Final = ~exists().where(PlanRenewal.plan_uuid == _plans.uuid)


def expire_plans(database: Database, gateway: LmsGateway) -> Mapping[str, int]:
    """Orders the ends in a durable way first, then does what the LMS allows at once."""
    now = clock.now()
    expired = sum(_wind_up(database, *due, now) for due in _due(database, now))
    ended = waiting = 0
    for plan_uuid in plans_to_end(database):
        try:
            while number := end_batch(database, gateway, plan_uuid):
                ended += number
        except LmsUnavailable:
            waiting += 1  # a job of its own goes on asking
    return {"expired": expired, "ended": ended, "waiting": waiting}


def _due(database: Database, now: datetime) -> list[tuple[UUID, UUID]]:
    statement = select(_plans.enterprise_uuid, _plans.uuid).where(
        _plans.wound_up_at.is_(None), _plans.expiration_date <= now, _WITHOUT_RENEWAL
    )
    with database.read() as connection:
        rows = connection.execute(statement.order_by(_plans.expiration_date, _plans.uuid))
        return [(row.enterprise_uuid, row.uuid) for row in rows]


def _wind_up(database: Database, enterprise_uuid: UUID, plan_uuid: UUID, now: datetime) -> bool:
    """The plan is looked at again under its lock: False when its expiration was put off."""
    with database.transaction() as session:
        plan = lock_plan(session, enterprise_uuid, plan_uuid)
        changed = session.connection().execute(
            update(SubscriptionPlan)
            .where(
                _plans.uuid == plan_uuid,
                _plans.wound_up_at.is_(None),
                _plans.expiration_date <= now,
                _WITHOUT_RENEWAL,
            )
            .values(wound_up_at=now)
        )
        if not changed.rowcount:
            return False
        session.connection().execute(
            update(License)
            .where(
                licenses.plan_uuid == plan_uuid, IS_LIVE, licenses.status == LicenseStatus.ACTIVATED
            )
            .values(is_ending=True, modified_at=now)
        )
        change = Change("plan.expired", "subscription_plan", str(plan_uuid), enterprise_uuid)
        record(session, ACTOR, [change])
        if plan.seats.activated:
            enqueue_ending(JobQueue(database), session, plan_uuid)
    return True
