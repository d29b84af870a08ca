"""Subsidies and policies of manifests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.credit.assignments import service as assignments
from bursar.credit.assignments.commands import CancelAllocations
from bursar.credit.policies import service as policies
from bursar.credit.policies.commands import (
    Adjustment,
    DeclaredConfiguration,
    Deposit,
    PutPolicy,
    PutSubsidy,
)
from bursar.declarations import DeclarationOutcome, DeclarationRefused
from bursar.provisioning.forms import EnterpriseForm, PolicyForm, SubsidyForm
from bursar.provisioning.plan import Plan
from bursar.provisioning.problems import problem

_UUID: Final = frozenset({"uuid"})
_SEPARATE: Final = _UUID | {"assignment_configuration", "cancel_allocations"}


@dataclass(slots=True)
class CreditRun:
    """Puts subsidies and policies. It goes on after a problem, to find the others as well.

    The caller must roll back when there are problems.
    """

    session: Session
    actor: Actor
    now: datetime
    plan: Plan
    problems: list[str] = field(default_factory=list)
    refused: set[UUID] = field(default_factory=set)
    """Subsidies that are declared but could not be stored."""
    touched: dict[UUID, str] = field(default_factory=dict)
    """The subsidies to check at the end, each with the place of a problem with its limits."""

    def lock(self, enterprise: EnterpriseForm) -> None:
        """Before its groups and learners are locked."""
        # Whoever holds a budget and a learner has taken the budget first, so that there is no
        # deadlock; and no allocation may miss the account of a learner meanwhile.
        ours = (enterprise.subsidies, enterprise.policies, enterprise.learners, enterprise.groups)
        if any(ours):
            policies.lock_enterprise(self.session, enterprise.uuid)

    def put(self, place: str, enterprise: EnterpriseForm) -> None:
        """The enterprise is locked, and its groups are put."""
        for index, subsidy in enumerate(enterprise.subsidies):
            self._put_subsidy(f"{place}.subsidies[{index}]", enterprise, subsidy)
        for index, policy in enumerate(enterprise.policies):
            if policy.subsidy_uuid not in self.refused:
                self._put_policy(f"{place}.policies[{index}]", enterprise, policy)

    def finish(self) -> list[str]:
        """Returns every problem, also those that only show when everything is put."""
        if not self.problems:
            self.problems += self._overcommitted()
        return self.problems

    def _put_subsidy(self, place: str, enterprise: EnterpriseForm, subsidy: SubsidyForm) -> None:
        command = PutSubsidy(
            uuid=subsidy.uuid,
            enterprise_uuid=enterprise.uuid,
            deposits=[Deposit(one.uuid, one.amount, one.date) for one in subsidy.deposits],
            adjustments=[
                Adjustment(one.uuid, one.amount, one.date, one.reason)
                for one in subsidy.adjustments
            ],
            **subsidy.given(but=_UUID | {"deposits", "adjustments"}),
        )
        self.touched.setdefault(subsidy.uuid, f"{place}.starting_balance")
        what = f"subsidy {subsidy.uuid} of {enterprise.slug}"
        if not self._put(
            place,
            what,
            lambda: policies.put_subsidy(self.session, self.actor, command, at=self.now),
        ):
            self.refused.add(subsidy.uuid)

    def _put_policy(self, place: str, enterprise: EnterpriseForm, policy: PolicyForm) -> None:
        configuration = policy.assignment_configuration
        command = PutPolicy(
            uuid=policy.uuid,
            enterprise_uuid=enterprise.uuid,
            assignment_configuration=None
            if configuration is None
            else DeclaredConfiguration(**configuration.given()),
            **policy.given(but=_SEPARATE),
        )
        what = f"policy {policy.uuid} of {enterprise.slug}"
        cancelled = self._cancel_allocations(enterprise, policy)
        if cancelled:
            what += f": {cancelled}"

        def put() -> DeclarationOutcome:
            outcome = policies.put_policy(self.session, self.actor, command, at=self.now)
            return "changed" if cancelled else outcome

        if self._put(place, what, put):
            stored = policies.get_policy(self.session, policy.uuid)
            if stored.active and not stored.retired and stored.spend_limit is not None:
                self.touched[stored.subsidy_uuid] = f"{place}.spend_limit"

    def _cancel_allocations(self, enterprise: EnterpriseForm, policy: PolicyForm) -> str | None:
        """What was cancelled, in words. A policy is declared afterwards: with allocated money it
        could not be taken out of use."""
        if not policy.cancel_allocations:
            return None
        if policy.uuid not in policies.owners_of_policies(self.session, [policy.uuid]):
            return None  # It is new, so that nothing is allocated.
        command = CancelAllocations(enterprise.uuid, policy.uuid)
        done = assignments.cancel_allocations(self.session, self.actor, command, at=self.now)
        if not done.count:
            return None
        noun = "assignment" if done.count == 1 else "assignments"
        return f"{done.count} {noun} of {done.cents} cents together cancelled"

    def _put(self, place: str, what: str, put: Callable[[], DeclarationOutcome]) -> bool:
        try:
            outcome = put()
        except DeclarationRefused as error:
            self.problems += [problem(f"{place}.{path}", why) for path, why in error.problems]
            return False
        self.plan.note(outcome, what)
        return True

    def _overcommitted(self) -> Iterator[str]:
        for found in policies.overcommitted(self.session, self.touched):
            why = (
                f"the active policies of subsidy {found.subsidy_uuid} may spend {found.limits}"
                f" cents together, but only {found.deposits} were deposited"
            )
            yield problem(self.touched[found.subsidy_uuid], why)
