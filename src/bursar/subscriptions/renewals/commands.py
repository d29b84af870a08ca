from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ProcessRenewal:
    """On the day of a plan's renewal, its learners get licenses of the plan that follows."""

    enterprise_uuid: UUID
    plan_uuid: UUID
