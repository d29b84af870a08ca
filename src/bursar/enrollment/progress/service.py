"""Stores what an LMS or a file reports of enrollments: many at once, in a handful of statements."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, String, bindparam, select, tuple_
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.batches import batched
from bursar.database.bulk import bulk_insert, bulk_update
from bursar.database.rows import given_rows
from bursar.enrollment.changes import note_changes
from bursar.enrollment.commands import Payer, ReportSource
from bursar.enrollment.days import change_days
from bursar.enrollment.events import EnrollmentsReported
from bursar.enrollment.models import Enrollment
from bursar.enrollment.progress.consents import Consents
from bursar.enrollment.progress.reported_rows import COLUMNS, USUAL_MODE, ReportedRow
from bursar.enrollment.progress.rules import TIMES, differences, is_consented, shared
from bursar.enrollment.progress.telling import ReportedChange, events_of
from bursar.events.service import publish
from bursar.importing.records import Tally
from bursar.learners.models import Learner
from bursar.learners.service import lock_learners

BATCH: Final = 5000

Place: TypeAlias = tuple[int, str]
"""Learner and run."""

_table = Enrollment.__table__
_REPORTED: Final = tuple(COLUMNS.values())
_READ: Final = (
    "id",
    "learner_id",
    "courserun_key",
    "payer",
    "activity_day",
    "is_consented",
    "shown_changed_at",
    *_REPORTED,
)
_BLANK: Final[dict[str, Any]] = {
    "mode": USUAL_MODE,
    "payer": Payer.REPORTED.value,
    "is_consent_granted": None,
    "last_activity_date": None,
}
_USUAL: Final = {"mode": USUAL_MODE}
_BURSARS: Final = frozenset({"enrolled_at", "unenrolled_at", "mode"})
_LISTED: Final = (
    select(Learner.email, *(_table.c[name] for name in ("courserun_key", "payer", *_REPORTED)))
    .join_from(_table, Learner, Learner.id == _table.c.learner_id)
    .where(_table.c.enterprise_uuid == bindparam("of_enterprise"))
    .order_by(Learner.email, _table.c.courserun_key)
)


def store_reported(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID,
    rows: Sequence[ReportedRow],
    *,
    source: ReportSource,
    at: datetime | None = None,
) -> Tally:
    """By learner and run; unknown learners are made. Of several rows for one learner and run, the
    later ones add to the earlier. The learners are locked from here on.

    One event names every enrollment for which a consent was given or taken, and the source. What
    has changed in enrollments is told by events of their own.
    """
    at = clock.now() if at is None else at
    stored, noted = Tally(), _Noted(source)
    for batch in batched(rows, BATCH):
        stored += _store(session, enterprise_uuid, batch, at, noted)
    if stored.created or stored.changed:
        news = events_of(session, enterprise_uuid, noted.changes, at)
        reported = _reported(enterprise_uuid, stored, source, noted.consents)
        publish(session, actor, [reported, *news], at=at)
    return stored


@dataclass(frozen=True, slots=True)
class _Noted:
    """What is told of a report once all of it is stored."""

    source: ReportSource
    consents: Consents = field(default_factory=Consents)
    changes: list[ReportedChange] = field(default_factory=list)


def _reported(
    enterprise_uuid: UUID, stored: Tally, source: ReportSource, consents: Consents
) -> EnrollmentsReported:
    counts = {
        "created": stored.created,
        "changed": stored.changed,
        "source": source.value,
        "consents_given": len(consents.given) or None,
        "consents_withdrawn": len(consents.withdrawn) or None,
    }
    return EnrollmentsReported(
        object_id=uuid4(),
        enterprise_uuid=enterprise_uuid,
        changes={name: (None, value) for name, value in counts.items() if value is not None},
        data=consents if consents.given or consents.withdrawn else None,
        is_first=True,
        created=stored.created,
        changed=stored.changed,
    )


def list_reported(session: Session, enterprise_uuid: UUID) -> Iterator[ReportedRow]:
    """What was reported, by e-mail and run.

    Of an enrollment that Bursar made, its days and mode are Bursar's own; one of which nothing
    else was reported is left out.
    """
    rows = session.connection().execute(_LISTED, {"of_enterprise": enterprise_uuid})
    for row in rows.mappings():
        is_own = row["payer"] != Payer.REPORTED
        values = {
            name: row[name]
            for name in _REPORTED
            if row[name] is not None
            and row[name] != _USUAL.get(name)
            and not (is_own and name in _BURSARS)
        }
        if values or not is_own:
            yield ReportedRow(row["email"], row["courserun_key"], values)


def _store(
    session: Session,
    enterprise_uuid: UUID,
    rows: Sequence[ReportedRow],
    now: datetime,
    noted: _Noted,
) -> Tally:
    """Adds what is told of it to `noted`."""
    people = lock_learners(session, enterprise_uuid, [row.email for row in rows], now)
    learners = {learner.id: learner for learner in people.values()}
    wanted: dict[Place, dict[str, Any]] = {}
    for row in rows:
        wanted.setdefault((people[row.email].id, row.courserun_key), {}).update(row.values)
    stored = _stored(session, enterprise_uuid, sorted(wanted))
    may_be_seen = {
        place: is_consented(
            values,
            was_consented=stored[place]["is_consented"] if place in stored else None,
            learner_consents=learners[place[0]].consent,
            gives_consent=noted.source.gives_consent,
        )
        for place, values in wanted.items()
    }
    # Only what some row names is sent: most reports leave most columns out.
    blank = dict.fromkeys(name for values in wanted.values() for name in values) | _BLANK
    blank |= {"enterprise_uuid": enterprise_uuid, "created_at": now}
    blank |= {"changed_at": now, "shown_changed_at": now}
    new = [
        _new(blank, place, wanted[place], is_seen=may_be_seen[place])
        for place in sorted(wanted.keys() - stored.keys())
    ]
    news = {place: differences(before, wanted[place]) for place, before in stored.items()}
    different = [
        place
        for place, found in news.items()
        if found or stored[place]["is_consented"] is not may_be_seen[place]
    ]
    named = {name for found in news.values() for name in found}
    changed = [
        _altered(stored[place], news[place], named, now, is_seen=may_be_seen[place])
        for place in different
    ]
    bulk_insert(session, Enrollment, new)
    bulk_update(session, Enrollment, changed)
    before = [stored[place] for place in different]
    _change_days(session, enterprise_uuid, gone=before, come=[*new, *changed])
    written = [*(wanted.keys() - stored.keys()), *different]
    note_changes(session, ((enterprise_uuid, learner_id) for learner_id, _ in written), now)
    for place, is_seen in may_be_seen.items():
        known = stored.get(place)
        was_seen = known["is_consented"] if known else learners[place[0]].consent
        noted.consents.note(*place, before=was_seen, after=is_seen)
    noted.changes.extend(
        ReportedChange(stored[place], news[place], is_new=False, is_seen=may_be_seen[place])
        for place in different
    )
    if noted.source.tells_of_new_ones and new:
        written_now = _stored(session, enterprise_uuid, sorted(wanted.keys() - stored.keys()))
        noted.changes.extend(
            ReportedChange(row, wanted[place], is_new=True, is_seen=may_be_seen[place])
            for place, row in written_now.items()
        )
    return Tally(len(new), len(changed), len(rows) - len(new) - len(changed))


def _new(
    blank: Mapping[str, Any], place: Place, values: Mapping[str, Any], *, is_seen: bool
) -> dict[str, Any]:
    row = {**blank, "learner_id": place[0], "courserun_key": place[1], **values}
    return row | shared(is_consented=is_seen, last_activity_date=row["last_activity_date"])


def _altered(
    before: Mapping[str, Any],
    news: Mapping[str, Any],
    named: Collection[str],
    now: datetime,
    *,
    is_seen: bool,
) -> dict[str, Any]:
    """Only the columns that change in one row or another."""
    row = {**before, **news}
    columns = {name: row[name] for name in named}
    seen = shared(is_consented=is_seen, last_activity_date=row["last_activity_date"])
    is_shown = before["is_consented"] is not is_seen or not news.keys().isdisjoint(TIMES)
    stamps = {
        "changed_at": now,
        "shown_changed_at": now if is_shown else before["shown_changed_at"],
    }
    return {"id": row["id"]} | stamps | columns | seen


def _stored(
    session: Session, enterprise_uuid: UUID, places: Sequence[Place]
) -> dict[Place, dict[str, Any]]:
    """Locked: Bursar's own enrollments end without their learner being held."""
    given = given_rows(session, {"learner_id": BigInteger(), "courserun_key": String()}, places)
    statement = (
        select(*(_table.c[name] for name in _READ))
        # Not a join: SQLite would go through every row of the enterprise.
        .where(
            _table.c.enterprise_uuid == enterprise_uuid,
            tuple_(_table.c.learner_id, _table.c.courserun_key).in_(select(given)),
        )
        .order_by(_table.c.learner_id, _table.c.courserun_key)
        .with_for_update()
    )
    rows = session.connection().execute(statement)
    return {(row[1], row[2]): dict(zip(_READ, row, strict=True)) for row in rows}


def _change_days(
    session: Session,
    enterprise_uuid: UUID,
    *,
    gone: Iterable[Mapping[str, Any]],
    come: Iterable[Mapping[str, Any]],
) -> None:
    deltas = Counter((enterprise_uuid, row["activity_day"]) for row in come)
    deltas.subtract((enterprise_uuid, row["activity_day"]) for row in gone)
    change_days(session, deltas)
