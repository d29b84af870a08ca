"""What is published when a report has changed enrollments."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from bursar.enrollment.commands import Payer
from bursar.enrollment.events import (
    EnrollmentCreated,
    EnrollmentEnded,
    EnrollmentEvent,
    EnrollmentPassed,
    EnrollmentProgressed,
)
from bursar.enrollment.progress.reported_rows import COLUMNS
from bursar.enrollment.telling import shown_rows

PROGRESS: Final = frozenset(
    {"current_grade", "has_passed", "last_activity_date", "letter_grade", "passed_date"}
)
"""What is progress among that which a report says."""
_NAMES: Final = {column: name for name, column in COLUMNS.items()}

Row: TypeAlias = Mapping[str, Any]
"""A stored enrollment, by column."""


@dataclass(frozen=True, slots=True)
class ReportedChange:
    """An enrollment, and what a report has changed of it."""

    row: Row
    """As it was before; as it is now when it is new."""
    news: Row
    is_new: bool
    is_seen: bool
    """Whether the enterprise may see what it tells of the person."""

    def kinds(self) -> Iterator[type[EnrollmentEvent]]:
        """In the order in which it happened. Without consent, nothing is told of progress."""
        ended_before = None if self.is_new else self.row["unenrolled_at"]
        ended = self.news.get("unenrolled_at", ended_before)
        if self.is_new or (ended_before is not None and ended is None):
            yield EnrollmentCreated
        if self.is_seen and self.news.get("has_passed"):
            yield EnrollmentPassed
        elif self.is_seen and any(self.news.get(name) is not None for name in PROGRESS):
            yield EnrollmentProgressed
        if ended_before is None and ended is not None:
            yield EnrollmentEnded

    def changes(self, kind: type[EnrollmentEvent]) -> dict[str, tuple[Any, Any]]:
        """By the names of the API."""
        of_progress = issubclass(kind, EnrollmentProgressed | EnrollmentPassed)
        old = {} if self.is_new else self.row
        return {
            _NAMES[name]: (_plain(old.get(name)), _plain(value))
            for name, value in self.news.items()
            if (name in PROGRESS) is of_progress and name in _CHANGES_OF_PLACES | PROGRESS
        }


_CHANGES_OF_PLACES: Final = frozenset({"enrolled_at", "unenrolled_at", "mode"})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        value = value.date()
    return value.isoformat() if isinstance(value, date) else value


def events_of(
    session: Session, enterprise_uuid: UUID, changes: Sequence[ReportedChange], at: datetime
) -> list[EnrollmentEvent]:
    """Call it after everything was written."""
    told = [(change, kind) for change in changes for kind in change.kinds()]
    ids = dict.fromkeys(change.row["id"] for change, _ in told)
    shown = shown_rows(session, ((enterprise_uuid, each) for each in ids), at)
    return [_event(enterprise_uuid, *each, shown[each[0].row["id"]]) for each in told]


def _event(
    enterprise_uuid: UUID,
    change: ReportedChange,
    kind: type[EnrollmentEvent],
    data: msgspec.Struct,
) -> EnrollmentEvent:
    fields: dict[str, Any] = {
        "object_id": str(change.row["id"]),
        "enterprise_uuid": enterprise_uuid,
        "changes": change.changes(kind),
        "data": data,
        "learner_id": change.row["learner_id"],
        "courserun_key": change.row["courserun_key"],
        "payer": Payer(change.row["payer"]),
    }
    if kind is EnrollmentCreated:
        fields |= {"is_first": change.is_new, "license_uuid": None, "transaction_uuid": None}
    return kind(**fields)
