"""Which course runs are pulled next, and how far each has come."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    and_,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from bursar.database.bulk import insert_missing
from bursar.enrollment.models import Enrollment
from bursar.enrollment.progress.models import LmsProgress, LmsRun
from bursar.learners.models import Learner

ENROLLMENTS: Final = "enrollments"
GRADES: Final = "grades"
LEASE: Final = timedelta(minutes=5)
"""Longer than the longest time between two pages. After it, what a killed worker left goes on."""
LONGEST_PAUSE: Final = timedelta(days=1)
_MOST_DOUBLINGS: Final = 10

_seats, _runs = Enrollment.__table__.c, LmsRun.__table__.c
# Written out, as the index of live seats says it: with a parameter there, it would not be used.
IS_LIVE_SEAT: Final = and_(
    _seats.payer != literal_column("'reported'"), _seats.unenrolled_at.is_(None)
)
_learners, _progress = Learner.__table__.c, LmsProgress.__table__.c


@dataclass(frozen=True, slots=True)
class Pulling:
    """A run that is being pulled, and where its next page begins."""

    courserun_key: str
    stage: str
    cursor: str | None
    has_changed: bool
    quiet_pulls: int
    begun_at: datetime
    before: datetime | None
    """When the pull before this one began."""

    @property
    def is_at_beginning(self) -> bool:
        return self.stage == ENROLLMENTS and self.cursor is None

    def after(self, cursor: str | None, *, has_changed: bool) -> "Pulling | None":
        """After a page; None after the last one."""
        if cursor is None and self.stage == GRADES:
            return None
        stage = GRADES if cursor is None else self.stage
        changed = self.has_changed or has_changed
        return replace(self, stage=stage, cursor=cursor, has_changed=changed)


def find_runs(session: Session, now: datetime) -> None:
    """Begins to pull every run in which Bursar has enrolled somebody who is enrolled still."""
    known = select(_runs.courserun_key)
    statement = select(_seats.courserun_key).distinct().where(IS_LIVE_SEAT)
    found = session.execute(statement.where(_seats.courserun_key.not_in(known))).scalars()
    rows = [_new(key, now) for key in sorted(found)]
    insert_missing(session, LmsRun, rows, ("courserun_key",))


def _new(courserun_key: str, now: datetime) -> dict[str, Any]:
    return {
        "courserun_key": courserun_key,
        "stage": ENROLLMENTS,
        "cursor": None,
        "has_changed": False,
        "quiet_pulls": 0,
        "begun_at": None,
        "due_at": now,
        "completed_at": None,
        "leased_until": None,
        "problem": None,
    }


def make_all_due(session: Session, now: datetime) -> None:
    session.execute(update(LmsRun).where(_runs.due_at > now).values(due_at=now))


def is_any_leased(session: Session, now: datetime) -> bool:
    return bool(session.scalar(select(exists().where(_runs.leased_until > now))))


def count_due(session: Session, now: datetime) -> int:
    return session.scalar(select(func.count()).select_from(LmsRun).where(*_is_due(now))) or 0


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    has_learners = exists(
        select(literal(1)).where(_seats.courserun_key == _runs.courserun_key, IS_LIVE_SEAT)
    )
    return _runs.due_at <= now, has_learners


def claim_run(session: Session, now: datetime) -> Pulling | None:
    """The run that has been due for longest, which is this caller's alone until it is released or
    the lease ends. None when nothing is due."""
    row = session.execute(
        select(LmsRun.__table__)
        .where(*_is_due(now), or_(_runs.leased_until.is_(None), _runs.leased_until <= now))
        .order_by(_runs.due_at, _runs.courserun_key)
        .limit(1)
        .with_for_update(of=LmsRun.__table__, skip_locked=True)
    ).first()
    if row is None:
        return None
    goes_on = row.begun_at is not None and (row.cursor is not None or row.stage != ENROLLMENTS)
    begun_at = row.begun_at if goes_on else now
    is_complete = row.completed_at is not None and row.completed_at >= row.begun_at
    before = row.begun_at if is_complete and not goes_on else None
    _change(session, row.courserun_key, begun_at=begun_at, leased_until=now + LEASE)
    return Pulling(
        row.courserun_key,
        row.stage,
        row.cursor,
        row.has_changed,
        row.quiet_pulls,
        begun_at,
        before,
    )


def keep_place(session: Session, run: Pulling, now: datetime) -> None:
    """Notes how far it has come, in the transaction of what came with the page before."""
    _change(
        session,
        run.courserun_key,
        stage=run.stage,
        cursor=run.cursor,
        has_changed=run.has_changed,
        leased_until=now + LEASE,
    )


def complete_run(
    session: Session, run: Pulling, now: datetime, every: timedelta, *, has_changed: bool
) -> None:
    """A run that brings nothing new is pulled ever more rarely, but once a day."""
    quiet = 0 if run.has_changed or has_changed else run.quiet_pulls + 1
    pause = min(every * 2 ** min(quiet, _MOST_DOUBLINGS), max(LONGEST_PAUSE, every))
    _change(
        session,
        run.courserun_key,
        **_at_beginning(),
        quiet_pulls=quiet,
        due_at=now + pause,
        completed_at=now,
        problem=None,
    )


def refuse_run(
    session: Session, run: Pulling, now: datetime, every: timedelta, problem: str
) -> None:
    _change(session, run.courserun_key, **_at_beginning(), due_at=now + every, problem=problem)


def release_run(session: Session, run: Pulling) -> None:
    """It stays due, and goes on where it is."""
    _change(session, run.courserun_key, leased_until=None)


def _at_beginning() -> dict[str, Any]:
    return {"stage": ENROLLMENTS, "cursor": None, "has_changed": False, "leased_until": None}


def _change(session: Session, courserun_key: str, **values: Any) -> None:
    session.execute(
        update(LmsRun)
        .where(_runs.courserun_key == courserun_key)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def learners_to_look_up(
    session: Session, run: Pulling, after: int, limit: int
) -> Sequence[tuple[int, UUID, str]]:
    """Id, enterprise and address of learners whom Bursar has enrolled in the run, and whose account
    is not known, or was not in the list of the pull before. By id."""
    unseen: list[ColumnElement[bool]] = [
        _learners.username.is_(None),
        _learners.lms_user_id.is_(None),
    ]
    if run.before is not None:
        unseen += [_progress.enrollment_at.is_(None), _progress.enrollment_at < run.before]
    statement = (
        select(_learners.id, _learners.enterprise_uuid, _learners.email)
        .join(Enrollment.__table__, _seats.learner_id == _learners.id)
        .outerjoin(LmsProgress.__table__, _progress.enrollment_id == _seats.id)
        .where(
            _seats.courserun_key == run.courserun_key,
            IS_LIVE_SEAT,
            or_(*unseen),
            _learners.id > after,
        )
        .order_by(_learners.id)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(statement)]
