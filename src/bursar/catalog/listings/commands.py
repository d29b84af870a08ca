"""What can be asked of the content of a catalog."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Selection:
    """What a filtered listing asks for, beyond being a member of the catalog."""

    keys: tuple[str, ...]
    """Of courses, runs and programs; empty for all."""
    since: datetime | None
    """Only what changed after this instant."""
    now: datetime
