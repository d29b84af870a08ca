"""Tells of subsidies that end soon or have ended."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.credit.models import Subsidy
from bursar.credit.policies.events import SubsidyExpired, SubsidyExpiring
from bursar.credit.policies.views import subsidy_expiry
from bursar.database.engine import Database
from bursar.events.service import publish
from bursar.events.windows import Ending, Notices
from bursar.identity.clocks import is_decided
from bursar.jobs.tasks import Task
from bursar.settings import Settings

ACTOR: Final = Actor("task:tell-expiring-subsidies", kind=ActorKind.TASK)
NOTICES: Final = Notices(SubsidyExpiring.type, (30, 7), SubsidyExpired.type)
_table: Final = Subsidy.__table__.c


def tell_expiring(database: Database, only: UUID | None = None) -> Mapping[str, int]:
    """How many of what it told. A transaction for each enterprise; it may run twice."""
    now = clock.now()
    after, until = NOTICES.window(now)
    statement = select(_table.enterprise_uuid, _table.uuid, _table.expiration_datetime).where(
        _table.expiration_datetime > after,
        _table.expiration_datetime <= until,
        is_decided(_table.enterprise_uuid, only),
    )
    with database.read() as connection:
        endings = [Ending(*row) for row in connection.execute(statement)]
        found = NOTICES.untold(connection, endings, now)
    told: list[int] = []
    for uuids in found.values():
        with database.transaction() as session:
            told += _tell(session, uuids, now)
    return {"expiring": sum(map(bool, told)), "expired": told.count(0)}


def _tell(session: Session, uuids: Sequence[UUID], now: datetime) -> list[int]:
    """The number of days of each that it told."""
    # In the order in which others lock several subsidies.
    locked = select(Subsidy).where(_table.uuid.in_(uuids)).order_by(_table.uuid).with_for_update()
    subsidies = {each.uuid: each for each in session.scalars(locked)}
    endings = [
        Ending(each.enterprise_uuid, each.uuid, each.expiration_datetime)
        for each in subsidies.values()
    ]
    told = NOTICES.mark(session, endings, now)
    publish(session, ACTOR, [_event(subsidies[uuid], told[uuid], now) for uuid in told], at=now)
    return list(told.values())


def _event(subsidy: Subsidy, days: int, now: datetime) -> SubsidyExpiring | SubsidyExpired:
    kind = SubsidyExpiring if days else SubsidyExpired
    return kind(
        object_id=subsidy.uuid,
        enterprise_uuid=subsidy.enterprise_uuid,
        data=subsidy_expiry(subsidy, days, now),
    )


def _tell_all(database: Database, _settings: Settings) -> Mapping[str, int]:
    return tell_expiring(database)


TASKS: Final = (Task("tell-expiring-subsidies", _tell_all, "11 * * * *"),)
