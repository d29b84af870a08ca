"""What learners of the demo did in their courses before its first start, as an LMS reports it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.demo.learners import enrollments, started_runs
from bursar.demo.manifest import ENROLLMENTS
from bursar.demo.parts import Document
from bursar.demo.windows import Calendar
from bursar.enrollment.commands import ReportSource
from bursar.enrollment.progress.reported_rows import parse_object
from bursar.enrollment.progress.service import list_reported, store_reported
from bursar.enrollment.service import list_places

ACTOR: Final = Actor("demo")


def report_progress(
    database: Database, enterprise: Document, courses: Sequence[Document], now: datetime
) -> None:
    """Nothing when something was reported already: what users did is theirs."""
    uuid, today = UUID(enterprise["uuid"]), Calendar(now).today
    with database.transaction() as session:
        if next(list_reported(session, uuid), None) is not None:
            return
        wanted = enrollments(
            enterprise["learners"],
            started_runs(courses, today),
            today,
            ENROLLMENTS[enterprise["slug"]],
            # An LMS would report the same of what budgets have paid for, and no more.
            taken=list_places(session, uuid),
        )
        store_reported(
            session,
            ACTOR,
            uuid,
            [parse_object(row) for row in wanted],
            source=ReportSource.LMS,
            at=now,
        )
