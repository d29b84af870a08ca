"""Tells of enrollments that have failed, which the report says from the day after the run's end."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Select, bindparam, select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.enrollment.commands import Payer
from bursar.enrollment.events import EnrollmentFailed
from bursar.enrollment.telling import shown_rows
from bursar.events.service import publish
from bursar.events.told import Mark, mark_told, untold, uuid_of_number
from bursar.jobs.tasks import Task
from bursar.reporting.fields import COURSE_END, SOURCE, TODAY, enrollments
from bursar.settings import Settings

ACTOR: Final = Actor("task:tell-failed-enrollments", kind=ActorKind.TASK)
LOOKED_BACK: Final = timedelta(days=30)
"""An end that is longer ago is not told any more: for so long the task may rest."""
BATCH: Final = 2_000
_e: Final = enrollments.c


def _failed() -> Select[Any]:
    """What the report calls failed, of those who have consented and have not left."""
    return (
        select(
            _e.id,
            _e.enterprise_uuid,
            _e.learner_id,
            _e.courserun_key,
            _e.payer,
            COURSE_END.label("course_end"),
        )
        .select_from(SOURCE)
        .where(
            _e.is_consented,
            _e.unenrolled_at.is_(None),
            _e.has_passed.is_not(True),
            COURSE_END < TODAY,
            bindparam("first_day", type_=COURSE_END.type) <= COURSE_END,
        )
    )


_PAGE: Final = _failed().where(_e.id > bindparam("after")).order_by(_e.id).limit(BATCH)
_LOCKED: Final = (
    _failed()
    .where(_e.id.in_(bindparam("ids", expanding=True)))
    .order_by(_e.id)
    # Whoever changes one of them now is not waited for: it is told the next time.
    .with_for_update(of=enrollments, skip_locked=True)
)


def tell_failed(database: Database, _settings: Settings) -> Mapping[str, int]:
    """How many it told of. In many transactions; it may run twice."""
    now, failed, after = clock.now(), 0, 0
    while True:
        with database.read() as connection:
            rows = _page(connection, after, now)
            new = untold(connection, EnrollmentFailed.type, [_mark(row) for row in rows])
        if new:
            with database.transaction() as session:
                failed += _tell(session, [each.object_uuid.int for each in new], now)
        if len(rows) < BATCH:
            return {"failed": failed}
        after = rows[-1].id


def _page(connection: Connection, after: int, now: datetime) -> Sequence[AnyRow]:
    return connection.execute(_PAGE, {"after": after, **_days(now)}).all()


def _days(now: datetime) -> dict[str, Any]:
    return {"today": now.date(), "first_day": (now - LOOKED_BACK).date()}


def _mark(row: AnyRow) -> Mark:
    """An end that is moved is another end."""
    end = row.course_end.isoformat()
    return Mark(row.enterprise_uuid, uuid_of_number(row.id), f"ended {end}")


def _tell(session: Session, ids: Sequence[int], now: datetime) -> int:
    rows = session.connection().execute(_LOCKED, {"ids": ids, **_days(now)}).all()
    marks = {_mark(row): row for row in rows}
    first = mark_told(session, EnrollmentFailed.type, list(marks), now)
    told = [row for mark, row in marks.items() if mark in first]
    named: list[tuple[UUID, int]] = [(row.enterprise_uuid, row.id) for row in told]
    shown = shown_rows(session, named, now)
    events = [
        EnrollmentFailed(
            object_id=str(row.id),
            enterprise_uuid=row.enterprise_uuid,
            data=shown[row.id],
            learner_id=row.learner_id,
            courserun_key=row.courserun_key,
            payer=Payer(row.payer),
        )
        for row in told
    ]
    publish(session, ACTOR, events, at=now)
    return len(events)


# After midnight, from when on the report says so.
TASKS: Final = (Task("tell-failed-enrollments", tell_failed, "19 0 * * *"),)
