"""What sandboxes are asked for."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AdvanceClock:
    enterprise_uuid: UUID
    span: timedelta
    """Of whole seconds, and at least one."""
