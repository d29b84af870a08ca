"""Moves learners to the mode that is paid for, once they have an account in the LMS.

An LMS enrolls a learner without an account in its free mode, when the account is made. Such an
enrollment is recorded in that mode, and so it is found here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Final

import structlog
from sqlalchemy import ColumnElement, and_, literal_column, select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.database.bulk import is_any_of
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.enrollment.commands import FREE_MODE, ReportSource
from bursar.enrollment.gateway import LmsEnrollment, LmsGateway, LmsOutcome
from bursar.enrollment.models import Enrollment
from bursar.enrollment.progress.reported_rows import USUAL_MODE, ReportedRow
from bursar.enrollment.progress.service import store_reported
from bursar.enrollment.rehearsal import enroll_in_lms, without_waiting
from bursar.jobs import steps
from bursar.jobs.context import JobContext
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow
from bursar.jobs.tasks import Task
from bursar.learners.events import LearnerLinked
from bursar.learners.models import Learner
from bursar.settings import Settings

ACTOR: Final = Actor("task:upgrade-enrollments", kind=ActorKind.TASK)
UPGRADE: Final = "enrollment.upgrade"
AT_ONCE: Final = 100

_seats, _learners = Enrollment.__table__.c, Learner.__table__.c
_log = structlog.get_logger(__name__)

_WAITS: Final[ColumnElement[bool]] = and_(
    _seats.payer.in_([literal_column("'license'"), literal_column("'credit'")]),
    _seats.unenrolled_at.is_(None),
    _seats.mode == FREE_MODE,
)


@dataclass(frozen=True, slots=True)
class EnqueueUpgrade:
    """A subscriber that enqueues the job when one of the learners has such an enrollment."""

    queue: JobQueue

    def __call__(
        self, session: Session, _actor: Actor, events: Sequence[LearnerLinked], _at: datetime
    ) -> None:
        learners = [event.learner_id for event in events]
        statement = select(_seats.id).where(
            is_any_of(session, Enrollment.learner_id, learners), _WAITS
        )
        if session.scalar(statement.limit(1)) is not None:
            self.queue.enqueue(session, UPGRADE)


def workflows(gateway: LmsGateway) -> tuple[Workflow, ...]:
    """The workflow of a worker that uses this LMS."""

    def upgrade(context: JobContext) -> int:
        return steps.run(context, "upgrade", upgrade_seats, context.database, gateway)

    return (Workflow(UPGRADE, upgrade),)


def tasks(gateway: LmsGateway) -> tuple[Task, ...]:
    """Finds what no event has told, and what the LMS did not answer about."""

    def upgrade(database: Database, settings: Settings) -> Mapping[str, int]:
        return {"upgraded": upgrade_seats(database, gateway) if settings.lms_url else 0}

    return (Task("upgrade-enrollments", upgrade, "17 * * * *"),)


@without_waiting()
def upgrade_seats(database: Database, gateway: LmsGateway) -> int:
    """How many were moved. What the LMS refuses stays as it is, and is tried again by the next
    task."""
    upgraded, after = 0, 0
    while rows := _waiting(database, after):
        after = rows[-1].id
        outcomes = enroll_in_lms(database, gateway, [_in_lms(row) for row in rows])
        upgraded += _record(database, rows, outcomes)
    return upgraded


def _waiting(database: Database, after: int) -> Sequence[AnyRow]:
    statement = (
        select(
            _seats.id,
            _seats.enterprise_uuid,
            _seats.courserun_key,
            _learners.email,
            _learners.lms_user_id,
            _learners.username,
        )
        .join_from(Enrollment.__table__, Learner.__table__, _learners.id == _seats.learner_id)
        .where(_WAITS, _learners.lms_user_id.is_not(None), _seats.id > after)
        .order_by(_seats.id)
        .limit(AT_ONCE)
    )
    with database.read() as connection:
        return connection.execute(statement).all()


def _in_lms(row: AnyRow) -> LmsEnrollment:
    return LmsEnrollment(
        row.enterprise_uuid, row.email, row.lms_user_id, row.username, row.courserun_key
    )


def _record(database: Database, rows: Sequence[AnyRow], outcomes: Sequence[LmsOutcome]) -> int:
    good = [row for row, outcome in zip(rows, outcomes, strict=True) if outcome.is_good]
    for row, outcome in zip(rows, outcomes, strict=True):
        if not outcome.is_good:
            _log.warning(
                "an enrollment stays in the free mode",
                courserun_key=row.courserun_key,
                reason=outcome.error,
            )
    by_enterprise = attrgetter("enterprise_uuid")
    with database.transaction() as session:
        now = clock.now()
        for uuid, some in groupby(sorted(good, key=by_enterprise), by_enterprise):
            reported = [
                ReportedRow(row.email, row.courserun_key, {"mode": USUAL_MODE}) for row in some
            ]
            store_reported(session, ACTOR, uuid, reported, source=ReportSource.LMS, at=now)
    return len(good)
