"""Bursar's own record of who sits in which course run, and who pays for it.

Every function expects the caller's transaction. The LMS is told afterwards, by a job: gateway.py.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import bindparam, case, func, literal_column, null, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from bursar.actors import Actor
from bursar.audit.service import Change, record
from bursar.batches import batched
from bursar.database.bulk import is_any_of
from bursar.database.dates import DayNumber
from bursar.database.engine import insert_for
from bursar.database.types import AnyRow
from bursar.enrollment.days import NO_DAY, change_days, day_number
from bursar.enrollment.gateway import Seat
from bursar.enrollment.models import Enrollment, Payer
from bursar.learners.service import get_learners, hold_known_learners

BATCH: Final = 10_000

EndedSeat: TypeAlias = Seat


@dataclass(frozen=True, slots=True)
class NewEnrollment:
    """Of a learner of the enterprise; `payer` is a license or credit."""

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
# Written out: with a parameter there, SQLAlchemy would send a statement a row.
_IS_REPORTED: Final = _columns.payer == literal_column(f"'{Payer.REPORTED}'")
_TAKEN_UP_AGAIN: Final = (
    "mode",
    "payer",
    "license_uuid",
    "transaction_uuid",
    "unenrolled_at",
    "changed_at",
)
_OF_THE_PAYMENT_BEFORE: Final = (
    "amount_learner_paid",
    "contract_id",
    "coupon_code",
    "coupon_name",
    "is_refunded",
    "offer_name",
    "offer_type",
    "paid_by",
    "seat_delivery_method",
)


def record_enrollments(
    session: Session, actor: Actor, enrollments: Sequence[NewEnrollment], now: datetime
) -> int:
    """How many began. A live enrolment that Bursar made stays as it is, whoever pays for it. An
    ended one, and one that was only reported, is taken up with the new payer and keeps its
    progress. Of several for one seat, the first counts."""
    distinct: dict[tuple[UUID, int, str], NewEnrollment] = {}
    for enrollment in enrollments:
        distinct.setdefault(enrollment.seat, enrollment)
    # In one order everywhere: two transactions never wait for each other in a circle.
    ordered = [distinct[seat] for seat in sorted(distinct)]
    return sum(_record(session, actor, batch, now) for batch in batched(ordered, BATCH))


def _record(
    session: Session, actor: Actor, enrollments: Sequence[NewEnrollment], now: datetime
) -> int:
    people = hold_known_learners(session, list({each.learner_id for each in enrollments}))
    there_before = _ids_around(session, enrollments)
    rows = [_row(each, people[each.learner_id].consent, now) for each in enrollments]
    begun = session.execute(_upsert(session).returning(*_SEATS), rows).all()
    _audit(session, actor, "enrollment.created", begun)
    new = [row.enterprise_uuid for row in begun if row.id not in there_before]
    change_days(session, Counter((enterprise_uuid, NO_DAY) for enterprise_uuid in new))
    return len(begun)


def _ids_around(session: Session, enrollments: Sequence[NewEnrollment]) -> set[int]:
    """Of every row that one of these could meet; no other can come: the learners are held."""
    learners = list({each.learner_id for each in enrollments})
    runs = list({each.courserun_key for each in enrollments})
    statement = select(_columns.id).where(
        is_any_of(session, Enrollment.learner_id, learners),
        is_any_of(session, Enrollment.courserun_key, runs),
    )
    return set(session.connection().scalars(statement))


def _upsert(session: Session) -> Any:
    statement = insert_for(session, Enrollment)
    new = statement.excluded
    goes_on = _columns.unenrolled_at.is_(None)
    return statement.on_conflict_do_update(
        index_elements=["enterprise_uuid", "learner_id", "courserun_key"],
        set_={name: new[name] for name in _TAKEN_UP_AGAIN}
        | dict.fromkeys(_OF_THE_PAYMENT_BEFORE, null())
        | {
            "enrolled_at": case(
                (goes_on, func.coalesce(_columns.enrolled_at, new.enrolled_at)),
                else_=new.enrolled_at,
            )
        },
        where=_columns.unenrolled_at.is_not(None) | _IS_REPORTED,
    )


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


def refresh_consent(
    session: Session, enterprise_uuid: UUID, learner_ids: Sequence[int], now: datetime
) -> None:
    """After these learners have given or taken back their consent: what of their enrolments may
    be seen follows, except where a report brought a consent of its own. Holds the learners."""
    people = hold_known_learners(session, learner_ids)
    for is_granted in (True, False):
        ids = [each.id for each in people.values() if each.consent is is_granted]
        for batch in batched(ids, BATCH):
            _share(session, enterprise_uuid, batch, is_granted=is_granted, now=now)


def _share(
    session: Session,
    enterprise_uuid: UUID,
    learner_ids: Sequence[int],
    *,
    is_granted: bool,
    now: datetime,
) -> None:
    day = func.coalesce(DayNumber(_columns.last_activity_date), NO_DAY)
    statement = (
        update(Enrollment)
        .where(
            _columns.enterprise_uuid == enterprise_uuid,
            is_any_of(session, Enrollment.learner_id, learner_ids),
            _columns.is_consent_granted.is_(None),
            _columns.is_consented.is_not(is_granted),
        )
        .values(is_consented=is_granted, activity_day=day if is_granted else NO_DAY, changed_at=now)
        .returning(_columns.last_activity_date)
    )
    changed = session.connection().scalars(statement).all()
    sign = 1 if is_granted else -1
    deltas = Counter({(enterprise_uuid, NO_DAY): -sign * len(changed)})
    for day_shown, count in Counter(map(day_number, changed)).items():
        deltas[enterprise_uuid, day_shown] += sign * count
    change_days(session, deltas)


def _row(enrollment: NewEnrollment, consent: bool, now: datetime) -> dict[str, Any]:
    return asdict(enrollment) | {
        "payer": enrollment.payer.value,
        "enrolled_at": now,
        "unenrolled_at": None,
        "created_at": now,
        "is_consented": consent,
        "activity_day": NO_DAY,
        "changed_at": now,
    }


def _payers(
    license_uuids: Sequence[UUID], transaction_uuids: Sequence[UUID]
) -> Iterator[tuple[InstrumentedAttribute[Any], Sequence[UUID]]]:
    """Each index on its own: OR would use neither."""
    payers = {
        Enrollment.license_uuid: license_uuids,
        Enrollment.transaction_uuid: transaction_uuids,
    }
    for column, uuids in payers.items():
        for batch in batched(uuids, BATCH):
            yield column, batch


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
