"""Groups of manifests."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.declarations import DeclarationRefused
from bursar.groups.service import (
    DeclaredGroup,
    GroupOfAnotherEnterprise,
    TooManyGroups,
    put_group,
)
from bursar.provisioning.forms import EnterpriseForm, GroupForm
from bursar.provisioning.plan import Plan
from bursar.provisioning.problems import ManifestError, problem


@dataclass(frozen=True, slots=True)
class GroupRun:
    session: Session
    actor: Actor
    now: datetime
    plan: Plan

    def put(self, place: str, enterprise: EnterpriseForm) -> None:
        """Raises ManifestError with the problems of all groups of the enterprise."""
        # In one order everywhere, because each is locked.
        placed = sorted(enumerate(enterprise.groups), key=lambda pair: pair[1].uuid)
        problems = [
            line
            for index, group in placed
            for line in self._problems(f"{place}.groups[{index}]", enterprise, group)
        ]
        if problems:
            raise ManifestError(problems)

    def _problems(self, place: str, enterprise: EnterpriseForm, form: GroupForm) -> Iterator[str]:
        try:
            self._put(enterprise, form)
        except DeclarationRefused as refused:
            for path, why in refused.problems:
                yield problem(f"{place}.{path}", why)
        except GroupOfAnotherEnterprise:
            yield problem(f"{place}.uuid", "belongs to another enterprise")
        except TooManyGroups as refused:
            yield problem(place, str(refused))

    def _put(self, enterprise: EnterpriseForm, form: GroupForm) -> None:
        declared = DeclaredGroup(enterprise_uuid=enterprise.uuid, **form.given())
        outcome = put_group(self.session, self.actor, declared, at=self.now)
        self.plan.note(outcome, f"group {form.uuid} of {enterprise.slug}")
