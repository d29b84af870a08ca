"""The rows of what waits for accounts."""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, delete, exists, select
from sqlalchemy.orm import Session

from bursar.claims.models import WaitingClaim

_row: Final = WaitingClaim.__table__.c


def waits(connection: Connection, subject_uuid: UUID) -> bool:
    """Whether something of this assignment or license does."""
    mine = exists().where(_row.subject_uuid == subject_uuid)
    return bool(connection.execute(select(mine)).scalar())


def forget(session: Session, subject_uuid: UUID, course_key: str) -> None:
    mine = (_row.subject_uuid == subject_uuid, _row.course_key == course_key)
    session.execute(delete(WaitingClaim).where(*mine))
