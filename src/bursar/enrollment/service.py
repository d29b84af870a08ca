"""Bursar's own record of who sits in which course run, and who pays for it.

Every function expects the caller's transaction. The LMS is told afterwards, by a job: gateway.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from bursar.audit.service import Actor, Change, record
from bursar.database.bulk import is_any_of
from bursar.database.engine import insert_for
from bursar.database.types import AnyRow
from bursar.enrollment.gateway import Seat
from bursar.enrollment.models import Enrollment, Payer
from bursar.identity.learners import get_learners

BATCH: Final = 10_000

EndedSeat: TypeAlias = Seat


@dataclass(frozen=True, slots=True)
class NewEnrollment:
    enterprise_uuid: UUID
    learner_id: int
    courserun_key: str
    payer: Payer
    license_uuid: UUID | None = None
    transaction_uuid: UUID | None = None
    mode: str = "verified"

    @property
    def seat(self) -> tuple[UUID, int, str]:
        return self.enterprise_uuid, self.learner_id, self.courserun_key


_columns = Enrollment.__table__.c
_SEATS: Final = (
    _columns.id,
    _columns.enterprise_uuid,
    _columns.learner_id,
    _columns.courserun_key,
    _columns.mode,
    _columns.payer,
)
_LIVE: Final = (
    _columns.enterprise_uuid == bindparam("of_enterprise"),
    _columns.unenrolled_at.is_(None),
)
_TAKEN_UP_AGAIN: Final = (
    "mode",
    "payer",
    "license_uuid",
    "transaction_uuid",
    "enrolled_at",
    "unenrolled_at",
    "changed_at",
)


def record_enrollments(
    session: Session, actor: Actor, enrollments: Sequence[NewEnrollment], now: datetime
) -> int:
    """How many began. A live enrolment stays as it is, whoever pays for it, and an ended one is
    taken up again with the new payer; of several for one seat, the first counts."""
    distinct: dict[tuple[UUID, int, str], NewEnrollment] = {}
    for enrollment in enrollments:
        distinct.setdefault(enrollment.seat, enrollment)
    # In one order everywhere: two transactions never wait for each other in a circle.
    rows = [_row(distinct[seat], now) for seat in sorted(distinct)]
    if not rows:
        return 0
    statement = insert_for(session, Enrollment)
    upsert = statement.on_conflict_do_update(
        index_elements=["enterprise_uuid", "learner_id", "courserun_key"],
        set_={name: statement.excluded[name] for name in _TAKEN_UP_AGAIN},
        where=_columns.unenrolled_at.is_not(None),
    )
    begun = session.execute(upsert.returning(*_SEATS), rows).all()
    _audit(session, actor, "enrollment.created", begun)
    return len(begun)


def end_enrollments(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID,
    *,
    license_uuids: Sequence[UUID] = (),
    transaction_uuids: Sequence[UUID] = (),
    now: datetime,
) -> list[EndedSeat]:
    """Of what these licenses and transactions paid for; what had ended before is not answered."""
    ended: list[AnyRow] = []
    for column, batch in _payers(license_uuids, transaction_uuids):
        statement = (
            update(Enrollment)
            .where(*_LIVE, is_any_of(session, column, batch))
            .values(unenrolled_at=now, changed_at=now)
            .returning(*_SEATS)
        )
        ended += session.connection().execute(statement, {"of_enterprise": enterprise_uuid})
    _audit(session, actor, "enrollment.ended", ended)
    return _seats(session, ended)


def live_seats(
    session: Session,
    enterprise_uuid: UUID,
    *,
    license_uuids: Sequence[UUID] = (),
    transaction_uuids: Sequence[UUID] = (),
) -> list[Seat]:
    """What these licenses and transactions pay for now."""
    found: list[AnyRow] = []
    for column, batch in _payers(license_uuids, transaction_uuids):
        statement = select(*_SEATS).where(*_LIVE, is_any_of(session, column, batch))
        found += session.execute(statement, {"of_enterprise": enterprise_uuid})
    return _seats(session, found)


def _row(enrollment: NewEnrollment, now: datetime) -> dict[str, Any]:
    times = {"enrolled_at": now, "unenrolled_at": None, "created_at": now, "changed_at": now}
    return asdict(enrollment) | times | {"payer": enrollment.payer.value}


def _payers(
    license_uuids: Sequence[UUID], transaction_uuids: Sequence[UUID]
) -> Iterator[tuple[InstrumentedAttribute[Any], Sequence[UUID]]]:
    """Each index on its own: OR would use neither."""
    payers = {
        Enrollment.license_uuid: license_uuids,
        Enrollment.transaction_uuid: transaction_uuids,
    }
    for column, uuids in payers.items():
        for start in range(0, len(uuids), BATCH):
            yield column, uuids[start : start + BATCH]


def _seats(session: Session, rows: Iterable[AnyRow]) -> list[Seat]:
    """In the order in which the enrolments were first made."""
    ordered = sorted(rows, key=lambda row: int(row.id))
    learners = get_learners(session, list({row.learner_id for row in ordered}))
    return [
        Seat(
            enterprise_uuid=row.enterprise_uuid,
            email=learners[row.learner_id].email,
            lms_user_id=learners[row.learner_id].lms_user_id,
            username=learners[row.learner_id].username,
            courserun_key=row.courserun_key,
            mode=row.mode,
        )
        for row in ordered
    ]


def _audit(session: Session, actor: Actor, action: str, rows: Sequence[AnyRow]) -> None:
    record(
        session,
        actor,
        [
            Change(
                action,
                "enrollment",
                str(row.id),
                row.enterprise_uuid,
                {
                    "learner_id": row.learner_id,
                    "courserun_key": row.courserun_key,
                    "payer": row.payer,
                },
            )
            for row in rows
        ],
    )
