"""Pages of learners, for people who look for one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, literal, select

from bursar.database.text import address_contains
from bursar.emails import NOBODY
from bursar.learners.models import Learner

COUNTED_TO: Final = 10_000
"""Nobody needs to know how many more there are, and counting them all takes longer than a page."""
_learners: Final = Learner.__table__.c


@dataclass(frozen=True, slots=True)
class ListedLearner:
    id: int
    email: str
    username: str | None
    lms_user_id: int | None
    consent: bool
    created_at: datetime
    deactivated_at: datetime | None


@dataclass(frozen=True, slots=True)
class LearnerPlace:
    """One of the enterprises in which an address is that of a learner."""

    enterprise_uuid: UUID
    id: int


_COLUMNS: Final = tuple(_learners[name] for name in ListedLearner.__dataclass_fields__)


def learners_after(
    connection: Connection, enterprise_uuid: UUID, search: str, *, after: str, limit: int
) -> Sequence[ListedLearner]:
    """By address, those that follow the address `after`, without those who were erased. `search`
    is a part of an address; empty: all."""
    statement = (
        select(*_COLUMNS)
        .where(*_conditions(enterprise_uuid, search), _learners.email > after)
        .order_by(_learners.email)
        .limit(limit)
    )
    return [ListedLearner(*row) for row in connection.execute(statement)]


def learners_with_address(
    connection: Connection, email: str, *, limit: int
) -> Sequence[LearnerPlace]:
    """In every enterprise; the address as it is stored."""
    statement = select(_learners.enterprise_uuid, _learners.id).where(_learners.email == email)
    rows = connection.execute(statement.order_by(_learners.id).limit(limit))
    return [LearnerPlace(*row) for row in rows]


def count_learners(connection: Connection, enterprise_uuid: UUID, search: str) -> int:
    """How many there are, or one more than COUNTED_TO."""
    found = select(literal(1)).where(*_conditions(enterprise_uuid, search)).limit(COUNTED_TO + 1)
    return connection.scalar(select(func.count()).select_from(found.subquery())) or 0


def _conditions(enterprise_uuid: UUID, search: str) -> list[ColumnElement[bool]]:
    conditions = [
        _learners.enterprise_uuid == enterprise_uuid,
        _learners.email.not_like(f"%{NOBODY}"),
    ]
    if search:
        conditions.append(address_contains(_learners.email, search))
    return conditions
