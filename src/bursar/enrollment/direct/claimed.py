"""What the page of a learner shows of a direct enrollment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from bursar.catalog.listings.service import runs_held
from bursar.enrollment.direct.commands import WishState
from bursar.enrollment.direct.queries import find_wish


@dataclass(frozen=True, slots=True)
class ClaimedEnrollment:
    enterprise_uuid: UUID
    learner_email: str
    courserun_key: str
    title: str | None
    """None when no catalog of the enterprise has the run any more."""
    is_active: bool
    """False when the learner was to leave."""
    state: WishState
    modified_at: datetime


def find_claimed(connection: Connection, uuid: UUID) -> ClaimedEnrollment | None:
    row = find_wish(connection, uuid)
    if row is None:
        return None
    key = row.courserun_key
    titles = runs_held(connection, row.enterprise_uuid, [key])
    return ClaimedEnrollment(
        row.enterprise_uuid,
        row.email,
        key,
        titles.get(key),
        row.is_active,
        WishState(row.state),
        row.modified_at,
    )
