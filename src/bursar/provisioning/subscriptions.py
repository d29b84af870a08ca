"""Subscription plans of manifests, with their renewals."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.declarations import DeclarationRefused
from bursar.provisioning.forms import EnterpriseForm, SubscriptionPlanForm
from bursar.provisioning.plan import Plan
from bursar.provisioning.problems import problem
from bursar.subscriptions.declared import service
from bursar.subscriptions.declared.commands import PlanFields, PutPlan

_UUID: Final = frozenset({"uuid"})


@dataclass(slots=True)
class SubscriptionRun:
    """Puts plans. It goes on after a problem, to find the others as well.

    The caller must roll back when there are problems.
    """

    session: Session
    actor: Actor
    now: datetime
    plan: Plan
    problems: list[str] = field(default_factory=list)

    def put(self, place: str, enterprise: EnterpriseForm) -> None:
        for index, form in enumerate(enterprise.subscription_plans):
            self._put_plan(f"{place}.subscription_plans[{index}]", enterprise, form)

    def _put_plan(self, place: str, enterprise: EnterpriseForm, form: SubscriptionPlanForm) -> None:
        fields = form.given(but=_UUID)
        if "renewals" in fields:
            fields["renewals"] = [renewal.given() for renewal in form.renewals]
        try:
            command = PutPlan(enterprise.uuid, form.uuid, cast("PlanFields", fields))
            outcome = service.put_plan(self.session, self.actor, command, at=self.now)
        except DeclarationRefused as error:
            self.problems += [problem(f"{place}.{path}", why) for path, why in error.problems]
            return
        self.plan.note(outcome, f"subscription plan {form.uuid} of {enterprise.slug}")
