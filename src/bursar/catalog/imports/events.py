"""What happens to content."""

from dataclasses import dataclass
from typing import ClassVar

from bursar.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentImported(Event):
    """Documents were created or replaced. `data` says how many of each."""

    type: ClassVar[str] = "content.imported"
    object_type: ClassVar[str] = "content"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentDeleted(Event):
    """Documents were deleted, because a complete import lacked them. `data` says how many."""

    type: ClassVar[str] = "content.deleted"
    object_type: ClassVar[str] = "content"
