"""Reported enrollments of manifests, both ways."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.enrollment.commands import ReportSource
from bursar.enrollment.progress.reported_rows import COLUMNS
from bursar.enrollment.progress.service import list_reported, store_reported
from bursar.provisioning.forms import EnterpriseForm
from bursar.provisioning.plan import Plan


@dataclass(frozen=True, slots=True)
class EnrollmentRun:
    """Stores reported enrollments after the learners. Learners whom nobody declared are created."""

    session: Session
    actor: Actor
    now: datetime
    plan: Plan

    def put(self, enterprise: EnterpriseForm) -> None:
        if not enterprise.enrollments:
            return
        rows = enterprise.enrollments
        stored = store_reported(
            self.session,
            self.actor,
            enterprise.uuid,
            rows,
            source=ReportSource.MANIFEST,
            at=self.now,
        )
        counts = stored.created, stored.changed, stored.unchanged
        self.plan.note_several(counts, f"enrollments of {enterprise.slug}")


def exported_enrollments(session: Session, enterprise_uuid: UUID) -> list[dict[str, Any]]:
    return [
        {"learner_email": row.email, "courserun_key": row.courserun_key} | _named(row.values)
        for row in list_reported(session, enterprise_uuid)
    ]


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    columns = ((name, column) for name, column in COLUMNS.items() if column in values)
    return {name: _plain(values[column]) for name, column in columns}


def _plain(value: Any) -> Any:
    day = value.date() if isinstance(value, datetime) else value
    return day.isoformat() if isinstance(day, date) else day
