"""Enrollments that another service has recorded before.

They make no news. Their end is never taken back, unless the other service has changed them after
it; what is enrolled here by another payer stays.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from bursar.database.bulk import bulk_insert, is_any_of
from bursar.database.commit_order import advance
from bursar.database.types import AnyRow
from bursar.declarations import AdoptionOutcome
from bursar.enrollment.commands import Payer
from bursar.enrollment.days import NO_DAY, change_days
from bursar.enrollment.models import CLOCK, Enrollment
from bursar.learners.service import get_learners

BATCH: Final = 5_000
_columns: Final = Enrollment.__table__.c
_STORED: Final = select(
    _columns.id,
    _columns.learner_id,
    _columns.courserun_key,
    _columns.payer,
    _columns.license_uuid,
    _columns.transaction_uuid,
    _columns.mode,
    _columns.enrolled_at,
    _columns.unenrolled_at,
    _columns.is_refunded,
)
_CHANGED: Final = (
    "payer",
    "license_uuid",
    "transaction_uuid",
    "mode",
    "enrolled_at",
    "unenrolled_at",
    "is_refunded",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedEnrollment:
    learner_id: int
    courserun_key: str
    mode: str
    payer: Payer
    license_uuid: UUID | None = None
    transaction_uuid: UUID | None = None
    enrolled_at: datetime
    unenrolled_at: datetime | None
    is_consent_granted: bool | None
    is_refunded: bool | None = None
    """False of a paid one that has ended while the money stays spent."""
    modified_at: datetime
    """When the other service changed it last."""

    @property
    def place(self) -> tuple[int, str]:
        return self.learner_id, self.courserun_key


def paying_transactions(session: Session, enterprise_uuid: UUID) -> set[UUID]:
    """Those that pay, or have paid, for an enrollment of the enterprise."""
    statement = select(_columns.transaction_uuid).where(
        _columns.enterprise_uuid == enterprise_uuid, _columns.transaction_uuid.is_not(None)
    )
    return set(session.connection().execute(statement).scalars())


class EnrollmentAdoption:
    """Puts enrollments of one enterprise. Until the transaction ends, nobody else can commit
    changes of its enrollments, so that the stamps of a million rows need no second look."""

    def __init__(self, session: Session, enterprise_uuid: UUID, at: datetime) -> None:
        self._session = session
        self._enterprise_uuid = enterprise_uuid
        self._stamp = advance(session, CLOCK, enterprise_uuid, at)
        self._at = at

    def put(self, enrollments: Sequence[AdoptedEnrollment]) -> Counter[AdoptionOutcome]:
        """No two may be of one learner and run. At most BATCH."""
        stored = self._stored(enrollments)
        new = [each for each in enrollments if each.place not in stored]
        self._insert(new)
        changes = {
            row.id: fields
            for each in enrollments
            if (row := stored.get(each.place)) is not None
            and (fields := _difference(each, row)) is not None
        }
        changed = {id_: fields for id_, fields in changes.items() if fields}
        self._update(changed)
        outcomes: dict[AdoptionOutcome, int] = {
            "created": len(new),
            "changed": len(changed),
            "unchanged": len(changes) - len(changed),
            "kept": len(stored) - len(changes),
        }
        return Counter(outcomes)

    def end(self, ended: Mapping[int, datetime]) -> None:
        """Ends enrollments by their ids, each at its instant."""
        self._update({id_: {"unenrolled_at": at} for id_, at in ended.items()})

    def _stored(self, enrollments: Sequence[AdoptedEnrollment]) -> dict[tuple[int, str], AnyRow]:
        learners = list({each.learner_id for each in enrollments})
        statement = _STORED.where(is_any_of(self._session, Enrollment.learner_id, learners))
        rows = self._session.connection().execute(statement)
        wanted = {each.place for each in enrollments}
        found = {(row.learner_id, row.courserun_key): row for row in rows}
        return {place: row for place, row in found.items() if place in wanted}

    def _insert(self, enrollments: Sequence[AdoptedEnrollment]) -> None:
        if not enrollments:
            return
        people = get_learners(self._session, list({each.learner_id for each in enrollments}))
        bulk_insert(
            self._session,
            Enrollment,
            [self._row(each, people[each.learner_id].consent) for each in enrollments],
        )
        change_days(self._session, {(self._enterprise_uuid, NO_DAY): len(enrollments)})

    def _row(self, each: AdoptedEnrollment, consent: bool) -> dict[str, Any]:
        granted = each.is_consent_granted
        return {
            "enterprise_uuid": self._enterprise_uuid,
            "learner_id": each.learner_id,
            "courserun_key": each.courserun_key,
            "mode": each.mode,
            "payer": each.payer.value,
            "license_uuid": each.license_uuid,
            "transaction_uuid": each.transaction_uuid,
            "enrolled_at": each.enrolled_at,
            "unenrolled_at": each.unenrolled_at,
            "created_at": self._at,
            "is_consented": consent if granted is None else granted,
            "is_consent_granted": granted,
            "is_refunded": each.is_refunded,
            "activity_day": NO_DAY,
            "changed_at": self._stamp,
            "shown_changed_at": self._stamp,
        }

    def _update(self, changes: Mapping[int, Mapping[str, Any]]) -> None:
        by_fields: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for id_, fields in changes.items():
            values = {f"new_{name}": value for name, value in fields.items()}
            by_fields.setdefault(tuple(fields), []).append({"of_id": id_, **values})
        for names, rows in by_fields.items():
            statement = (
                update(Enrollment)
                .where(_columns.id == bindparam("of_id"))
                .values({name: bindparam(f"new_{name}") for name in names})
                .values(changed_at=self._stamp, shown_changed_at=self._stamp)
            )
            self._session.connection().execute(statement, rows)


def _difference(adopted: AdoptedEnrollment, stored: AnyRow) -> dict[str, Any] | None:
    """What changes of the stored row; None when it is not the other service's to change."""
    payment = (adopted.payer.value, adopted.license_uuid, adopted.transaction_uuid)
    is_same_payment = payment == (stored.payer, stored.license_uuid, stored.transaction_uuid)
    was_told_only = stored.payer == Payer.REPORTED.value
    has_ended = stored.unenrolled_at is not None
    if not is_same_payment and not was_told_only and not has_ended:
        return None
    if has_ended and adopted.unenrolled_at is None and adopted.modified_at <= stored.unenrolled_at:
        return {}
    fields = {name: _plain(getattr(adopted, name)) for name in _CHANGED}
    return {name: value for name, value in fields.items() if getattr(stored, name) != value}


def _plain(value: object) -> object:
    return value.value if isinstance(value, Payer) else value
