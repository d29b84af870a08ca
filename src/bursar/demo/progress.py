"""What learners of the demo did in their courses before its first start, as an LMS reports it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.demo.learners import enrollments, started_runs
from bursar.demo.manifest import ENROLLMENTS
from bursar.demo.parts import Document
from bursar.demo.windows import Calendar
from bursar.enrollment.models import Enrollment, Payer
from bursar.enrollment.progress.reported_rows import parse_object
from bursar.enrollment.progress.service import store_reported
from bursar.learners.models import Learner

ACTOR: Final = Actor("demo")


def report_progress(
    database: Database, enterprise: Document, courses: Sequence[Document], now: datetime
) -> None:
    """Nothing when something was reported already: what users did is theirs."""
    uuid, today = UUID(enterprise["uuid"]), Calendar(now).today
    with database.transaction() as session:
        if _is_any_reported(session, uuid):
            return
        wanted = enrollments(
            enterprise["learners"],
            started_runs(courses, today),
            today,
            ENROLLMENTS[enterprise["slug"]],
            _taken_seats(session, uuid),
        )
        store_reported(session, ACTOR, uuid, [parse_object(row) for row in wanted], at=now)


def _is_any_reported(session: Session, enterprise_uuid: UUID) -> bool:
    reported = select(Enrollment.id).where(
        Enrollment.enterprise_uuid == enterprise_uuid, Enrollment.payer == Payer.REPORTED
    )
    return session.scalars(reported.limit(1)).first() is not None


def _taken_seats(session: Session, enterprise_uuid: UUID) -> set[tuple[str, str]]:
    """By what budgets have paid for: an LMS would say the same of those, and no more."""
    statement = (
        select(Learner.email, Enrollment.courserun_key)
        .join_from(Enrollment, Learner, Learner.id == Enrollment.learner_id)
        .where(Enrollment.enterprise_uuid == enterprise_uuid)
    )
    return {(row.email, row.courserun_key) for row in session.execute(statement)}
