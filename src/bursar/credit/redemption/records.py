"""Transactions as they are stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from bursar.credit.models import SubsidyTransaction
from bursar.database.types import AnyRow

_table: Final = SubsidyTransaction.__table__.c


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """A transaction as it is stored."""

    enterprise_uuid: UUID
    uuid: UUID
    subsidy_uuid: UUID
    policy_uuid: UUID
    assignment_uuid: UUID | None
    learner_email: str
    lms_user_id: int | None
    content_key: str
    courserun_key: str | None
    quantity: int
    """Minus the price in cents."""
    state: str
    error: str | None
    created_at: datetime
    modified_at: datetime

    @property
    def price_cents(self) -> int:
        return -self.quantity


COLUMNS: Final = (
    _table.uuid,
    _table.subsidy_uuid,
    _table.policy_uuid,
    _table.assignment_uuid,
    _table.learner_email,
    _table.lms_user_id,
    _table.content_key,
    _table.courserun_key,
    _table.quantity,
    _table.state,
    _table.error,
    _table.created_at,
    _table.modified_at,
)
"""In the order of the fields, but for the enterprise."""
_BY_UUID: Final = select(_table.enterprise_uuid, *COLUMNS).where(
    _table.uuid == bindparam("uuid"), _table.enterprise_uuid == bindparam("enterprise_uuid")
)


def find_transaction(session: Session, enterprise_uuid: UUID, uuid: UUID) -> TransactionRecord:
    """The stored transaction. Its state changes only under the lock of its policy. Raises
    NoResultFound."""
    values = {"uuid": uuid, "enterprise_uuid": enterprise_uuid}
    row: AnyRow = session.connection().execute(_BY_UUID, values).one()
    return TransactionRecord(*row)
