"""What happens to bulk changes. What they change has events of its own."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from bursar.bulk_changes.views import BulkChangeView
from bursar.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkChangeEvent(Event):
    object_type: ClassVar[str] = "bulk_change"

    enterprise_uuid: UUID
    data: BulkChangeView


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkChangeRequested(BulkChangeEvent):
    type: ClassVar[str] = "bulk_change.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkChangeFinished(BulkChangeEvent):
    """All is changed, or the rest cannot be."""

    type: ClassVar[str] = "job.finished"
    is_public: ClassVar[bool] = True
