"""Bursar's own record of who is enrolled in which course run, and who pays for it.

Every function expects the caller's transaction. The LMS is told by the jobs of the domain that
pays, through `gateway.LmsGateway`: before an enrollment is recorded, and before its end is.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import chain
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from bursar import clock
from bursar.actors import Actor
from bursar.batches import batched
from bursar.database.bulk import is_any_of
from bursar.database.dates import DayNumber
from bursar.database.engine import insert_for
from bursar.database.types import AnyRow
from bursar.enrollment.changes import note_changes
from bursar.enrollment.commands import NewEnrollment, Payer, Place
from bursar.enrollment.days import NO_DAY, change_days, day_number
from bursar.enrollment.events import EnrollmentCreated
from bursar.enrollment.gateway import LmsEnrollment
from bursar.enrollment.models import Enrollment
from bursar.enrollment.payers import find_payer, find_payers, held_elsewhere, is_at, paid_elsewhere
from bursar.enrollment.telling import created_events, ended_events
from bursar.events.service import publish
from bursar.learners.accounts import lock_accounts
from bursar.learners.service import LearnerRecord, get_learners, lock_known_learners

__all__ = [
    "end_enrollments",
    "find_payer",
    "find_payers",
    "held_elsewhere",
    "list_places",
    "live_enrollments",
    "paid_elsewhere",
    "record_enrollments",
    "refresh_consent",
]

BATCH: Final = 10_000

_columns = Enrollment.__table__.c
_SHOWN: Final = (
    _columns.id,
    _columns.enterprise_uuid,
    _columns.learner_id,
    _columns.courserun_key,
    _columns.mode,
    _columns.payer,
    _columns.license_uuid,
    _columns.transaction_uuid,
    _columns.enrolled_at,
)
_LIVE: Final = (
    _columns.enterprise_uuid == bindparam("of_enterprise"),
    _columns.unenrolled_at.is_(None),
)
# Written out: with a parameter there, SQLAlchemy would send a statement a row.
_IS_REPORTED: Final = _columns.payer == literal_column(f"'{Payer.REPORTED}'")
_IS_DIRECT: Final = _columns.payer == literal_column(f"'{Payer.API}'")
_TAKEN_UP_AGAIN: Final = (
    "mode",
    "payer",
    "license_uuid",
    "transaction_uuid",
    "unenrolled_at",
    "changed_at",
    "shown_changed_at",
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
    session: Session,
    actor: Actor,
    enrollments: Sequence[NewEnrollment],
    *,
    at: datetime | None = None,
) -> int:
    """Answers how many began, and publishes EnrollmentCreated for each of these.

    A live enrollment that Bursar made stays as it is, whoever pays for it; only the mode of a
    direct one changes with another direct one. One that has ended or was only reported is taken up
    with the new payer, and keeps its progress. Of several for one learner and run, the first
    counts. What a license or credit pays for under another address of the account is not paid for
    again.
    """
    at = clock.now() if at is None else at
    distinct: dict[tuple[UUID, int, str], NewEnrollment] = {}
    for enrollment in enrollments:
        distinct.setdefault(enrollment.place, enrollment)
    # In one order everywhere: two transactions never wait for each other in a circle.
    ordered = [distinct[place] for place in sorted(distinct)]
    events = [event for batch in batched(ordered, BATCH) for event in _record(session, batch, at)]
    publish(session, actor, events, at=at)
    return len(events)


def _record(
    session: Session, enrollments: Sequence[NewEnrollment], at: datetime
) -> list[EnrollmentCreated]:
    people = lock_accounts(session, list({each.learner_id for each in enrollments}))
    payable = _payable(session, enrollments, people)
    if not payable:
        return []
    before = _rows_around(session, payable)
    rows = [_row(each, people[each.learner_id].consent, at) for each in payable]
    begun = session.execute(_upsert(session).returning(*_SHOWN), rows).all()
    new = [row.enterprise_uuid for row in begun if row.id not in before]
    change_days(session, Counter((enterprise_uuid, NO_DAY) for enterprise_uuid in new))
    note_changes(session, ((row.enterprise_uuid, row.learner_id) for row in begun), at)
    return created_events(session, begun, before, at)


def _payable(
    session: Session, enrollments: Sequence[NewEnrollment], people: Mapping[int, LearnerRecord]
) -> list[NewEnrollment]:
    """Without what is paid for under another address; of several here, the first known counts."""
    places = [(each.learner_id, each.courserun_key) for each in enrollments]
    paid = {(row.learner_id, row.courserun_key) for row in paid_elsewhere(session, places)}
    chosen: dict[tuple[object, ...], NewEnrollment] = {}
    for place, each in zip(places, enrollments, strict=True):
        account = people[each.learner_id].lms_user_id
        is_one = account is not None and each.payer is not Payer.API
        seat = ("account", account) if is_one else ("learner", each.learner_id)
        if place not in paid:
            chosen.setdefault((each.enterprise_uuid, each.courserun_key, *seat), each)
    return list(chosen.values())


def _rows_around(session: Session, enrollments: Sequence[NewEnrollment]) -> dict[int, AnyRow]:
    """Every row that one of these could meet, by id; no other can come: the learners are held."""
    learners = list({each.learner_id for each in enrollments})
    runs = list({each.courserun_key for each in enrollments})
    statement = select(
        _columns.id,
        _columns.mode,
        _columns.payer,
        _columns.enrolled_at,
        _columns.unenrolled_at,
    ).where(
        is_any_of(session, Enrollment.learner_id, learners),
        is_any_of(session, Enrollment.courserun_key, runs),
    )
    return {row.id: row for row in session.connection().execute(statement)}


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
        where=_columns.unenrolled_at.is_not(None)
        | _IS_REPORTED
        | (_IS_DIRECT & (new.payer == Payer.API.value) & (_columns.mode != new.mode)),
    )


def end_enrollments(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID,
    *,
    license_uuids: Sequence[UUID] = (),
    transaction_uuids: Sequence[UUID] = (),
    places: Sequence[Place] = (),
    at: datetime | None = None,
) -> list[LmsEnrollment]:
    """Ends what these licenses and transactions pay for, and at these places what nobody pays for,
    and publishes EnrollmentEnded for each.

    Answers what has ended now; what had ended before is left out.
    """
    at = clock.now() if at is None else at
    ended: list[AnyRow] = []
    paid = (
        is_any_of(session, column, batch)
        for column, batch in _payers(license_uuids, transaction_uuids)
    )
    unpaid = (_is_unpaid(session, batch) for batch in batched(places, BATCH))
    for condition in chain(paid, unpaid):
        statement = (
            update(Enrollment)
            .where(*_LIVE, condition)
            .values(unenrolled_at=at, changed_at=at, shown_changed_at=at)
            .returning(*_SHOWN)
        )
        ended += session.connection().execute(statement, {"of_enterprise": enterprise_uuid})
    note_changes(session, ((row.enterprise_uuid, row.learner_id) for row in ended), at)
    publish(session, actor, ended_events(session, ended, at), at=at)
    return _in_lms(session, ended)


def live_enrollments(
    session: Session,
    enterprise_uuid: UUID,
    *,
    license_uuids: Sequence[UUID] = (),
    transaction_uuids: Sequence[UUID] = (),
) -> list[LmsEnrollment]:
    """What only these licenses and transactions pay for now: a seat that another one holds under
    another address of the account is left out, and must not end in the LMS."""
    found: list[AnyRow] = []
    for column, batch in _payers(license_uuids, transaction_uuids):
        statement = select(*_SHOWN).where(*_LIVE, is_any_of(session, column, batch))
        found += session.execute(statement, {"of_enterprise": enterprise_uuid})
    mine = {row.id for row in found}
    others = held_elsewhere(session, [(row.learner_id, row.courserun_key) for row in found])
    kept = {(row.learner_id, row.courserun_key) for row in others if row.id not in mine}
    return _in_lms(
        session, [row for row in found if (row.learner_id, row.courserun_key) not in kept]
    )


def _is_unpaid(session: Session, places: Sequence[Place]) -> ColumnElement[bool]:
    return and_(is_at(session, places), or_(_IS_DIRECT, _IS_REPORTED))


def list_places(session: Session, enterprise_uuid: UUID) -> set[tuple[str, str]]:
    """E-mail and course run of every enrollment, live, ended or reported."""
    statement = select(_columns.learner_id, _columns.courserun_key).where(
        _columns.enterprise_uuid == enterprise_uuid
    )
    rows = session.connection().execute(statement).all()
    learners = get_learners(session, list({row.learner_id for row in rows}))
    return {(learners[row.learner_id].email, row.courserun_key) for row in rows}


def refresh_consent(
    session: Session, enterprise_uuid: UUID, learner_ids: Sequence[int], now: datetime
) -> None:
    """After these learners have given or taken back their consent: what of their enrollments may
    be seen follows, except where a report said that it was withdrawn. Locks the learners."""
    people = lock_known_learners(session, learner_ids)
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
            # A report's word that the consent was withdrawn stands until a report takes it back.
            *((_columns.is_consent_granted.is_not(False),) if is_granted else ()),
            _columns.is_consented.is_not(is_granted),
        )
        # A reader also learns that a consent was taken back, and can blank its copy.
        .values(changed_at=now, shown_changed_at=now)
        .values(is_consented=is_granted, activity_day=day if is_granted else NO_DAY)
        .returning(_columns.last_activity_date, _columns.learner_id)
    )
    rows = session.connection().execute(statement).all()
    note_changes(session, ((enterprise_uuid, row.learner_id) for row in rows), now)
    changed = [row.last_activity_date for row in rows]
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
        "shown_changed_at": now,
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


def _in_lms(session: Session, rows: Iterable[AnyRow]) -> list[LmsEnrollment]:
    """In the order in which the enrollments were first made."""
    ordered = sorted(rows, key=lambda row: int(row.id))
    learners = get_learners(session, list({row.learner_id for row in ordered}))
    return [
        LmsEnrollment(
            enterprise_uuid=row.enterprise_uuid,
            email=learners[row.learner_id].email,
            lms_user_id=learners[row.learner_id].lms_user_id,
            username=learners[row.learner_id].username,
            courserun_key=row.courserun_key,
            mode=row.mode,
            license_uuid=row.license_uuid,
        )
        for row in ordered
    ]
