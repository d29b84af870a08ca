"""Redemptions that were committed, of whose enrollment no file has told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from bursar.credit.models import SubsidyTransaction
from bursar.credit.states import TransactionState

_table: Final = SubsidyTransaction.__table__.c


@dataclass(frozen=True, slots=True)
class SeatlessTransaction:
    uuid: UUID
    learner_email: str
    lms_user_id: int | None
    courserun_key: str
    created_at: datetime
    modified_at: datetime


_COMMITTED: Final[Select[Any]] = select(
    _table.uuid,
    _table.learner_email,
    _table.lms_user_id,
    _table.courserun_key,
    _table.created_at,
    _table.modified_at,
).where(
    _table.enterprise_uuid == bindparam("of_enterprise"),
    _table.state == TransactionState.COMMITTED.value,
    _table.courserun_key.is_not(None),
    _table.is_second_payment.is_(False),
)


def find_seatless(
    session: Session, enterprise_uuid: UUID, paid: set[UUID]
) -> list[SeatlessTransaction]:
    """Those that are not among the transactions which pay for an enrollment."""
    rows = session.connection().execute(_COMMITTED, {"of_enterprise": enterprise_uuid})
    return [SeatlessTransaction(*row) for row in rows if row.uuid not in paid]
