"""What is published about enrollments: what happened, with the row of the learner summary.

The learner summary stands above this room, so the composition says how its rows are made.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from bursar.database.types import AnyRow
from bursar.enrollment.commands import Payer
from bursar.enrollment.events import EnrollmentCreated, EnrollmentEnded

PRESENTER_KEY: Final = "enrollment.presenter"
"""The key in `Session.info` of the PresentRows."""

PresentRows: TypeAlias = Callable[
    [Session, UUID, Sequence[int], datetime], Mapping[int, msgspec.Struct]
]
"""Given an enterprise, ids of its enrollments and an instant: their rows of the learner summary at
that instant, by id, as the enterprise may see them. A constant number of statements."""


def shown_rows(
    session: Session, enrollments: Iterable[tuple[UUID, int]], at: datetime
) -> dict[int, msgspec.Struct]:
    """The rows of the learner summary of these enrollments, each given with its enterprise, by id.

    Call it after everything was written. Raises RuntimeError in a session that no composition has
    made, because it would not be known what may be shown.
    """
    present: PresentRows | None = session.info.get(PRESENTER_KEY)
    if present is None:
        raise RuntimeError("no rows are shown: the database was not opened by the composition")
    by_enterprise: dict[UUID, list[int]] = {}
    for enterprise_uuid, enrollment_id in enrollments:
        by_enterprise.setdefault(enterprise_uuid, []).append(enrollment_id)
    shown: dict[int, msgspec.Struct] = {}
    for enterprise_uuid, ids in by_enterprise.items():
        shown |= present(session, enterprise_uuid, ids, at)
    return shown


def created_events(
    session: Session, rows: Sequence[AnyRow], before: Mapping[int, AnyRow], at: datetime
) -> list[EnrollmentCreated]:
    """Of rows with the columns of `service.SHOWN`; `before` has those that were there already."""
    shown = shown_rows(session, ((row.enterprise_uuid, row.id) for row in rows), at)
    return [_created(row, before.get(row.id), shown[row.id]) for row in rows]


def ended_events(session: Session, rows: Sequence[AnyRow], at: datetime) -> list[EnrollmentEnded]:
    """Of rows with the columns of `service.SHOWN`."""
    shown = shown_rows(session, ((row.enterprise_uuid, row.id) for row in rows), at)
    return [
        EnrollmentEnded(
            object_id=str(row.id),
            enterprise_uuid=row.enterprise_uuid,
            changes={"unenrollment_date": (None, day_of(at))},
            data=shown[row.id],
            learner_id=row.learner_id,
            courserun_key=row.courserun_key,
            payer=Payer(row.payer),
        )
        for row in rows
    ]


def _created(row: AnyRow, before: AnyRow | None, data: msgspec.Struct) -> EnrollmentCreated:
    return EnrollmentCreated(
        object_id=str(row.id),
        enterprise_uuid=row.enterprise_uuid,
        changes=_changes(row, before),
        data=data,
        is_first=before is None,
        learner_id=row.learner_id,
        courserun_key=row.courserun_key,
        payer=Payer(row.payer),
        license_uuid=row.license_uuid,
        transaction_uuid=row.transaction_uuid,
    )


def _changes(row: AnyRow, before: AnyRow | None) -> dict[str, tuple[Any, Any]]:
    new = {
        "payer": row.payer,
        "user_current_enrollment_mode": row.mode,
        "enrollment_date": day_of(row.enrolled_at),
    }
    if before is None:
        old: dict[str, str | None] = dict.fromkeys(new)
        new |= {"courserun_key": row.courserun_key, "learner_id": row.learner_id}
    else:
        old = {
            "payer": before.payer,
            "user_current_enrollment_mode": before.mode,
            "enrollment_date": day_of(before.enrolled_at),
            "unenrollment_date": day_of(before.unenrolled_at),
        }
        new["unenrollment_date"] = None
    return {name: (old.get(name), value) for name, value in new.items() if old.get(name) != value}


def day_of(instant: datetime | None) -> str | None:
    """As the report tells it."""
    return None if instant is None else instant.date().isoformat()
