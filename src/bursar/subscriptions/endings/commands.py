from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ExpirePlan:
    """A plan is over, and no renewal takes over: what its licenses paid for has to end."""

    enterprise_uuid: UUID
    plan_uuid: UUID
