"""How far some people have come, for the funnel of an enterprise."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Select, distinct, func, select

from bursar.enrollment.days import day_number
from bursar.enrollment.models import Enrollment
from bursar.learners.models import Learner

ACTIVE_DAYS: Final = 30
_e: Final = Enrollment.__table__.c
_learner: Final = Learner.__table__.c


@dataclass(frozen=True, slots=True)
class FunnelCounts:
    """People, each once. Only what they let the enterprise see counts as activity or a pass."""

    enrolled: int
    active: int
    """In the last ACTIVE_DAYS days."""
    passed: int


def count_funnel(
    connection: Connection, enterprise_uuid: UUID, addresses: Select[Any], at: datetime
) -> FunnelCounts:
    """Of the learners with these addresses, whoever paid for what they do. One statement."""
    since = day_number((at - timedelta(days=ACTIVE_DAYS)).date())
    people = func.count(distinct(_e.learner_id))
    row = connection.execute(
        select(
            people.filter(_e.unenrolled_at.is_(None)),
            people.filter(_e.unenrolled_at.is_(None), _e.activity_day >= since),
            people.filter(_e.is_consented, _e.has_passed.is_(True)),
        )
        .select_from(Enrollment.__table__)
        .join(Learner.__table__, _learner.id == _e.learner_id)
        .where(_e.enterprise_uuid == enterprise_uuid, _learner.email.in_(addresses))
    ).one()
    return FunnelCounts(*row)
