"""What all that is done for one enterprise shares."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.adopting.findings import Findings, Tally, Total
from bursar.adopting.staging import Staging
from bursar.declarations import AdoptionOutcome


@dataclass(slots=True)
class EnterpriseRun:
    """One enterprise in one transaction."""

    session: Session
    actor: Actor
    staging: Staging
    enterprise_uuid: UUID
    at: datetime
    findings: Findings
    refresh_inline_limit: int
    tombstone_of: Callable[[str], str | None]
    """The address that stands for an erased person, by the one that the person had. What the dumps
    know of erased people does not come back."""
    tally: Tally = field(default_factory=Tally)
    totals: list[Total] = field(default_factory=list)
    policies: dict[UUID, UUID] = field(default_factory=dict)
    """The subsidy of each policy that is adopted."""
    license_instead: dict[UUID, UUID] = field(default_factory=dict)
    """Of two licenses of one learner, the one that stays, by the other."""

    def count(self, what: str, outcomes: Counter[AdoptionOutcome]) -> None:
        for outcome in ("created", "changed", "unchanged"):
            self.tally.add(what, outcome, outcomes[outcome])
        if kept := outcomes["kept"]:
            self.tally.add(what, "unchanged", kept)
            self.findings.note("changed here", f"{kept} {what} were changed here since, and stay")
