"""Tells of plans that end soon and that no renewal follows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.database.engine import Database
from bursar.events.service import publish
from bursar.events.windows import Ending, Notices
from bursar.identity.clocks import is_decided
from bursar.jobs.tasks import Task
from bursar.settings import Settings
from bursar.subscriptions.plans.events import PlanExpiring
from bursar.subscriptions.plans.locking import lock_plans
from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan
from bursar.subscriptions.plans.service import show_plan

ACTOR: Final = Actor("task:tell-expiring-plans", kind=ActorKind.TASK)
NOTICES: Final = Notices(PlanExpiring.type, (30, 7))
_plans: Final = SubscriptionPlan.__table__.c
_ENDINGS: Final = select(_plans.enterprise_uuid, _plans.uuid, _plans.expiration_date).where(
    ~exists().where(PlanRenewal.plan_uuid == _plans.uuid)
)


def tell_expiring(database: Database, only: UUID | None = None) -> Mapping[str, int]:
    """How many it told of. A transaction for each enterprise; it may run twice."""
    now = clock.now()
    after, until = NOTICES.window(now)
    due = _ENDINGS.where(
        _plans.expiration_date > after,
        _plans.expiration_date <= until,
        is_decided(_plans.enterprise_uuid, only),
    )
    with database.read() as connection:
        endings = [Ending(*row) for row in connection.execute(due)]
        found = NOTICES.untold(connection, endings, now)
    expiring = 0
    for uuids in found.values():
        with database.transaction() as session:
            expiring += _tell(session, uuids, now)
    return {"expiring": expiring}


def _tell(session: Session, uuids: Sequence[UUID], now: datetime) -> int:
    lock_plans(session, uuids)
    connection = session.connection()
    endings = [Ending(*row) for row in connection.execute(_ENDINGS.where(_plans.uuid.in_(uuids)))]
    told = NOTICES.mark(session, endings, now)
    events = [
        PlanExpiring(
            object_id=each.object_uuid,
            enterprise_uuid=each.enterprise_uuid,
            data=show_plan(connection, each.object_uuid, at=now),
        )
        for each in endings
        if each.object_uuid in told
    ]
    publish(session, ACTOR, events, at=now)
    return len(events)


def _tell_all(database: Database, _settings: Settings) -> Mapping[str, int]:
    return tell_expiring(database)


TASKS: Final = (Task("tell-expiring-plans", _tell_all, "13 * * * *"),)
