"""What happens to declared reports. What is sent is in the ledger of deliveries."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from bursar.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEvent(Event):
    object_type: ClassVar[str] = "report"

    enterprise_uuid: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCreated(ReportEvent):
    type: ClassVar[str] = "report.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportChanged(ReportEvent):
    type: ClassVar[str] = "report.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRemoved(ReportEvent):
    """It is no longer declared, and nothing more is sent."""

    type: ClassVar[str] = "report.removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequested(ReportEvent):
    """Somebody asked for a run that no timetable asks for."""

    type: ClassVar[str] = "report.requested"
