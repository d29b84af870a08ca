"""Subsidies and policies of manifests."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.credit.policies import declared
from bursar.provisioning.forms import EnterpriseForm, PolicyForm, SubsidyForm
from bursar.provisioning.plan import Plan
from bursar.provisioning.problems import problem

_UUID: Final = frozenset({"uuid"})


@dataclass(slots=True)
class CreditRun:
    """Goes on after a problem, to find the others; the caller must roll back then."""

    session: Session
    actor: Actor
    now: datetime
    plan: Plan
    problems: list[str] = field(default_factory=list)
    refused: set[UUID] = field(default_factory=set)
    """What is not there although it is declared."""
    touched: dict[UUID, str] = field(default_factory=dict)
    """Subsidies, each with where to say that too much of it is spent."""

    def put(self, place: str, enterprise: EnterpriseForm) -> None:
        if enterprise.subsidies or enterprise.policies:
            declared.lock_enterprise(self.session, enterprise.uuid)
        for index, subsidy in enumerate(enterprise.subsidies):
            self._put_subsidy(f"{place}.subsidies[{index}]", enterprise, subsidy)
        for index, policy in enumerate(enterprise.policies):
            if policy.subsidy_uuid not in self.refused:
                self._put_policy(f"{place}.policies[{index}]", enterprise, policy)

    def finish(self) -> list[str]:
        """Every problem, with those that only show when everything is put."""
        if not self.problems:
            self.problems += self._overcommitted()
        return self.problems

    def _put_subsidy(self, place: str, enterprise: EnterpriseForm, subsidy: SubsidyForm) -> None:
        fields = subsidy.given(but=_UUID)
        if "deposits" in fields:
            fields["deposits"] = [deposit.given() for deposit in subsidy.deposits]
        self.touched.setdefault(subsidy.uuid, f"{place}.starting_balance")
        if not self._put(place, enterprise, subsidy, fields):
            self.refused.add(subsidy.uuid)

    def _put_policy(self, place: str, enterprise: EnterpriseForm, policy: PolicyForm) -> None:
        fields = policy.given(but=_UUID)
        if policy.assignment_configuration is not None:
            fields["assignment_configuration"] = policy.assignment_configuration.given()
        if self._put(place, enterprise, policy, fields):
            stored = declared.get_policy(self.session, policy.uuid)
            if stored.active and not stored.retired and stored.spend_limit is not None:
                self.touched[stored.subsidy_uuid] = f"{place}.spend_limit"

    def _put(
        self,
        place: str,
        enterprise: EnterpriseForm,
        form: SubsidyForm | PolicyForm,
        fields: Mapping[str, Any],
    ) -> bool:
        is_subsidy = isinstance(form, SubsidyForm)
        put = declared.put_subsidy if is_subsidy else declared.put_policy
        try:
            outcome = put(
                self.session,
                self.actor,
                uuid=form.uuid,
                enterprise_uuid=enterprise.uuid,
                fields=fields,
                now=self.now,
            )
        except declared.Refused as error:
            self.problems += [problem(f"{place}.{path}", why) for path, why in error.problems]
            return False
        kind = "subsidy" if is_subsidy else "policy"
        self.plan.note(outcome, f"{kind} {form.uuid} of {enterprise.slug}")
        return True

    def _overcommitted(self) -> Iterator[str]:
        for found in declared.overcommitted(self.session, self.touched):
            why = (
                f"the active policies of subsidy {found.subsidy_uuid} may spend {found.limits}"
                f" cents together, but only {found.deposits} were deposited"
            )
            yield problem(self.touched[found.subsidy_uuid], why)
