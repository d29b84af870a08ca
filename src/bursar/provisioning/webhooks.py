"""Webhook endpoints of manifests."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.provisioning.forms import EnterpriseForm, WebhookForm
from bursar.provisioning.plan import Plan
from bursar.provisioning.problems import ManifestError, problem
from bursar.webhooks.service import (
    DeclaredEndpoint,
    EndpointOfAnotherEnterprise,
    TooManyEndpoints,
    WrongFields,
    put_endpoint,
)


@dataclass(frozen=True, slots=True)
class WebhookRun:
    session: Session
    actor: Actor
    now: datetime
    plan: Plan

    def put(self, place: str, enterprise: EnterpriseForm) -> None:
        """Raises ManifestError with the problems of all endpoints of the enterprise."""
        problems = [
            line
            for index, webhook in enumerate(enterprise.webhooks)
            for line in self._problems(f"{place}.webhooks[{index}]", enterprise, webhook)
        ]
        if problems:
            raise ManifestError(problems)

    def _problems(self, place: str, enterprise: EnterpriseForm, form: WebhookForm) -> list[str]:
        try:
            self._put(enterprise, form)
        except WrongFields as wrong:
            return [problem(f"{place}.{name}", why) for name, why in wrong.problems.items()]
        except EndpointOfAnotherEnterprise:
            return [problem(f"{place}.uuid", "belongs to another enterprise")]
        except TooManyEndpoints as refused:
            return [problem(place, str(refused))]
        return []

    def _put(self, enterprise: EnterpriseForm, form: WebhookForm) -> None:
        declared = DeclaredEndpoint(enterprise_uuid=enterprise.uuid, **form.given())
        outcome = put_endpoint(self.session, self.actor, declared, at=self.now)
        self.plan.note(outcome, f"webhook {form.uuid} of {enterprise.slug}")
        if outcome == "created":
            self.plan.explain(
                f"secret of webhook {form.uuid}: `bursar webhooks rotate-secret {form.uuid}` "
                "prints one"
            )
