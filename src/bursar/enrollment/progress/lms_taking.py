"""Takes what an LMS says into the enrollments, whoever brings it: many facts at once, in a handful
of statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, String, select, tuple_
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.batches import batched
from bursar.database.bulk import bulk_upsert
from bursar.database.rows import given_rows
from bursar.database.types import AnyRow
from bursar.enrollment.commands import FREE_MODE, Payer, Place, ReportSource
from bursar.enrollment.models import Enrollment
from bursar.enrollment.progress.lms_facts import LmsFact, LmsState, added, reported_values
from bursar.enrollment.progress.lms_matching import match
from bursar.enrollment.progress.models import LmsProgress
from bursar.enrollment.progress.reported_rows import ReportedRow
from bursar.enrollment.progress.service import store_reported
from bursar.importing.records import Tally
from bursar.learners.service import LearnerRecord, lock_known_learners

BATCH: Final = 1_000

_rows, _progress = Enrollment.__table__, LmsProgress.__table__
_STATE: Final = tuple(field.name for field in fields(LmsState))
_NOTHING: Final = LmsState()


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of facts, in numbers. Those that were known already are neither."""

    created: int = 0
    """Enrollments that Bursar has not made, and did not know."""
    changed: int = 0
    unknown_people: int = 0
    unknown_runs: int = 0

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(
            *(getattr(self, each.name) + getattr(other, each.name) for each in fields(Taken))
        )


def take_facts(
    session: Session,
    actor: Actor,
    facts: Sequence[LmsFact],
    *,
    source: ReportSource,
    enterprise_uuid: UUID | None = None,
    at: datetime | None = None,
) -> Taken:
    """Of all enterprises, or of one. The learners are locked from here on.

    Older facts never overwrite newer ones, so that facts can come twice and in any order. What
    changes is told by the events of reported enrollments.
    """
    taking = _Taking(session, actor, source, clock.now() if at is None else at)
    taken = Taken()
    for batch in batched(facts, BATCH):
        taken += _take(taking, batch, enterprise_uuid)
    return taken


@dataclass(frozen=True, slots=True)
class _Taking:
    session: Session
    actor: Actor
    source: ReportSource
    at: datetime


def _take(taking: _Taking, facts: Sequence[LmsFact], enterprise_uuid: UUID | None) -> Taken:
    matched = match(taking.session, facts, enterprise_uuid)
    ids = sorted({known.id for known, _ in matched.targets})
    learners = lock_known_learners(taking.session, ids)
    by_enterprise: defaultdict[UUID, list[tuple[Place, LmsFact]]] = defaultdict(list)
    for known, fact in matched.targets:
        # A learner who was erased in these moments is not there any more.
        if known.id in learners:
            by_enterprise[known.enterprise_uuid].append(((known.id, fact.courserun_key), fact))
    stored = Tally()
    for uuid, said in sorted(by_enterprise.items()):
        stored += _take_of(taking, uuid, learners, said)
    return Taken(stored.created, stored.changed, matched.unknown_people, matched.unknown_runs)


def _take_of(
    taking: _Taking,
    enterprise_uuid: UUID,
    learners: Mapping[int, LearnerRecord],
    said: Sequence[tuple[Place, LmsFact]],
) -> Tally:
    session, places = taking.session, sorted({place for place, _ in said})
    before = _stored(session, enterprise_uuid, places)
    after = _added(before, said)
    reported = [
        ReportedRow(learners[place[0]].email, place[1], values)
        for place in places
        if (values := _values(before.get(place), after[place]))
    ]
    stored = store_reported(
        session, taking.actor, enterprise_uuid, reported, source=taking.source, at=taking.at
    )
    ids = before if len(before) == len(places) else _stored(session, enterprise_uuid, places)
    changed = {
        ids[place].id: state for place, state in after.items() if state != _state(before.get(place))
    }
    _keep(session, changed, taking.source)
    return stored


def _values(row: AnyRow | None, after: LmsState) -> dict[str, Any]:
    if row is None:
        values = reported_values(_NOTHING, after, Payer.REPORTED, None)
        # Of an enrollment of which only the grade was told, nobody is known to pay for it.
        return values if "mode" in values else {**values, "mode": FREE_MODE}
    return reported_values(_state(row), after, Payer(row.payer), row.unenrolled_at)


def _added(
    before: Mapping[Place, AnyRow], said: Iterable[tuple[Place, LmsFact]]
) -> dict[Place, LmsState]:
    after: dict[Place, LmsState] = {}
    for place, fact in said:
        row = before.get(place)
        state = after.get(place) or _state(row)
        after[place] = added(state, fact, _enrolled_at(row))
    return after


def _enrolled_at(row: AnyRow | None) -> datetime | None:
    is_bursars = row is not None and row.payer != Payer.REPORTED
    return row.enrolled_at if is_bursars and row is not None else None


def _state(row: AnyRow | None) -> LmsState:
    if row is None or row.enrollment_id is None:
        return _NOTHING
    return LmsState(**{name: getattr(row, name) for name in _STATE})


def _stored(
    session: Session, enterprise_uuid: UUID, places: Sequence[Place]
) -> dict[Place, AnyRow]:
    """Enrollments, with what the LMS has said of them. Locked in the order of all who do."""
    given = given_rows(session, {"learner_id": BigInteger(), "courserun_key": String()}, places)
    own = (
        _rows.c[name]
        for name in (
            "id", "learner_id", "courserun_key", "payer", "enrolled_at", "unenrolled_at",
        )
    )  # fmt: skip
    said = (_progress.c[name] for name in ("enrollment_id", *_STATE))
    statement = (
        select(*own, *said)
        .select_from(_rows.outerjoin(_progress, _progress.c.enrollment_id == _rows.c.id))
        .where(
            _rows.c.enterprise_uuid == enterprise_uuid,
            tuple_(_rows.c.learner_id, _rows.c.courserun_key).in_(select(given)),
        )
        .order_by(_rows.c.learner_id, _rows.c.courserun_key)
        .with_for_update(of=_rows)
    )
    found = session.connection().execute(statement)
    return {(row.learner_id, row.courserun_key): row for row in found}


def _keep(session: Session, states: Mapping[int, LmsState], source: ReportSource) -> None:
    rows = [
        {"enrollment_id": enrollment_id, "source": source.value, **asdict(states[enrollment_id])}
        for enrollment_id in sorted(states)
    ]
    bulk_upsert(
        session, LmsProgress, rows, lambda new: {name: new[name] for name in ("source", *_STATE)}
    )
