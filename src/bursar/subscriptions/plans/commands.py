"""Which plans a list shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PlanSelection:
    enterprises: Sequence[UUID]
    only_active: bool = False
    only_current: bool = False
    """Only the plan that can be used now: of several the one that starts last."""
