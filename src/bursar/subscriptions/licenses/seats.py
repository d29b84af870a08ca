"""The licenses of a plan that nobody holds: made, taken, and told apart from those in use."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import bindparam, literal_column, select
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.database.bulk import bulk_insert
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.states import LIVE, LicenseStatus

licenses = License.__table__.c

# Written out: a parameter would keep PostgreSQL from the partial indexes.
IS_LIVE: Final = licenses.status.in_([literal_column(f"'{status}'") for status in LIVE])
IS_UNASSIGNED: Final = licenses.status == literal_column(f"'{LicenseStatus.UNASSIGNED}'")


def add_unassigned(
    session: Session, enterprise_uuid: UUID, plan_uuid: UUID, number: int, now: datetime
) -> None:
    """New seats. The caller counts them."""
    empty = dict.fromkeys(licenses.keys()) | {
        "enterprise_uuid": enterprise_uuid,
        "plan_uuid": plan_uuid,
        "status": LicenseStatus.UNASSIGNED.value,
        "is_ending": False,
        "created_at": now,
        "modified_at": now,
    }
    # A plan of a million seats does not have to be in memory at once.
    seats = ({**empty, "uuid": uuid4()} for _ in range(number))
    for rows in batched(seats, _BATCH):
        bulk_insert(session, License, rows)


_BATCH: Final = 10_000
_TAKE: Final = (
    select(licenses.uuid)
    .where(licenses.plan_uuid == bindparam("plan_uuid"), IS_UNASSIGNED)
    # In any order PostgreSQL would rather read the table until it meets some.
    .order_by(licenses.created_at)
    .limit(bindparam("number"))
)


def take_unassigned(session: Session, plan_uuid: UUID, number: int) -> Sequence[UUID]:
    """The oldest; as many as there are when there are fewer."""
    values = {"plan_uuid": plan_uuid, "number": number}
    return session.connection().execute(_TAKE, values).scalars().all()
