"""Who pays for a seat now.

A seat belongs to the account of the LMS, so what was paid for under another address of the same
account pays for it too. Every function expects the caller's transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, String, select, tuple_
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from bursar.batches import batched
from bursar.database.rows import given_rows
from bursar.database.types import AnyRow
from bursar.enrollment.commands import Payer, Place
from bursar.enrollment.models import Enrollment
from bursar.learners.models import Learner
from bursar.learners.service import LearnerRecord

BATCH: Final = 10_000
_columns = Enrollment.__table__.c
_PLACE: Final[Mapping[str, TypeEngine[Any]]] = {
    "learner_id": BigInteger(),
    "courserun_key": String(),
}
_PAID: Final = (Payer.LICENSE.value, Payer.CREDIT.value)


def find_payer(session: Session, learner: LearnerRecord, courserun_key: str) -> Payer | None:
    """Who pays for the learner's seat in the run now. None when there is no live enrollment, or
    when it was only reported, so that nobody is known to pay for it."""
    statement = (
        select(_columns.payer)
        .where(
            _columns.enterprise_uuid == learner.enterprise_uuid,
            _is_theirs(learner),
            _columns.courserun_key == courserun_key,
            _columns.unenrolled_at.is_(None),
            _columns.payer != Payer.REPORTED.value,
        )
        .order_by(_columns.id)
        .limit(1)
    )
    payer = session.connection().scalar(statement)
    return None if payer is None else Payer(payer)


def _is_theirs(learner: LearnerRecord) -> ColumnElement[bool]:
    if learner.lms_user_id is None:
        return _columns.learner_id == learner.id
    theirs = select(Learner.id).where(
        Learner.enterprise_uuid == learner.enterprise_uuid,
        Learner.lms_user_id == learner.lms_user_id,
    )
    return _columns.learner_id.in_(theirs)


def find_payers(
    session: Session, enterprise_uuid: UUID, places: Sequence[Place]
) -> dict[Place, Payer]:
    """How each live enrollment at these places is paid for, REPORTED ones included; and who pays
    for the seat under another address of the account, before what nobody pays for. Two statements
    for 10,000."""
    found: dict[Place, Payer] = {}
    for batch in batched(places, BATCH):
        statement = select(_columns.learner_id, _columns.courserun_key, _columns.payer).where(
            _columns.enterprise_uuid == enterprise_uuid,
            _columns.unenrolled_at.is_(None),
            is_at(session, batch),
        )
        rows = session.connection().execute(statement).all()
        found.update(((row[0], row[1]), Payer(row[2])) for row in rows)
    for row in paid_elsewhere(session, places):
        place = (row.learner_id, row.courserun_key)
        if place not in found or found[place].value not in _PAID:
            found[place] = Payer(row.payer)
    return found


def paid_elsewhere(session: Session, places: Sequence[Place]) -> list[AnyRow]:
    """What a license or credit pays for at these places under other addresses of the accounts: the
    learner_id and the courserun_key of the place, and the id and the payer of the enrollment there.
    One statement for 10,000."""
    return _elsewhere(session, places, _PAID)


def held_elsewhere(session: Session, places: Sequence[Place]) -> list[AnyRow]:
    """The same with what clients of the API enrolled, and the learner_id of the other address as
    other_id: as long as it holds the seat, that may not end in the LMS."""
    return _elsewhere(session, places, (*_PAID, Payer.API.value))


def _elsewhere(session: Session, places: Sequence[Place], payers: Sequence[str]) -> list[AnyRow]:
    found: list[AnyRow] = []
    for batch in batched(places, BATCH):
        given = given_rows(session, _PLACE, batch)
        mine, other = Learner.__table__.alias("mine"), Learner.__table__.alias("other")
        statement = (
            select(
                given.c.learner_id,
                given.c.courserun_key,
                _columns.id,
                _columns.payer,
                _columns.learner_id.label("other_id"),
            )
            .join_from(given, mine, mine.c.id == given.c.learner_id)
            .join(
                other,
                (other.c.enterprise_uuid == mine.c.enterprise_uuid)
                & (other.c.lms_user_id == mine.c.lms_user_id)
                & (other.c.id != mine.c.id),
            )
            .join(
                Enrollment.__table__,
                (_columns.enterprise_uuid == other.c.enterprise_uuid)
                & (_columns.learner_id == other.c.id)
                & (_columns.courserun_key == given.c.courserun_key),
            )
            .where(_columns.unenrolled_at.is_(None), _columns.payer.in_(payers))
            .order_by(_columns.id)
        )
        found += session.connection().execute(statement)
    return found


def is_at(session: Session, places: Sequence[Place]) -> ColumnElement[bool]:
    given = given_rows(session, _PLACE, places)
    # Not a join: SQLite would go through every row of the enterprise.
    return tuple_(_columns.learner_id, _columns.courserun_key).in_(select(given))
