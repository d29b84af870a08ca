"""Reports and their runs as operators see them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bursar.scheduled_reports.models import RunStatus
from bursar.scheduled_reports.rules import Timetable


@dataclass(frozen=True, slots=True)
class ReportView:
    uuid: UUID
    enterprise_uuid: UUID
    enterprise_slug: str
    name: str
    what: str
    format: str
    recipients: tuple[str, ...]
    """Addresses, or a URL without credentials."""
    is_encrypted: bool
    next_due_at: datetime
    timetable: Timetable | None
    """None when this machine does not know its zone."""


@dataclass(frozen=True, slots=True)
class RunView:
    uuid: UUID
    enterprise_uuid: UUID
    report_name: str
    planned_at: datetime
    status: RunStatus
    size: int | None
    """Bytes of the file that was made last."""
    error: str | None
    created_at: datetime
    finished_at: datetime | None
