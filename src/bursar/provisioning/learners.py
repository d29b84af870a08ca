"""Learners of manifests, made known to every domain that waits for their accounts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.credit.assignments.linking import link_learners as link_assignments
from bursar.enrollment.service import refresh_consent
from bursar.learners.service import put_learners
from bursar.provisioning.forms import EnterpriseForm
from bursar.provisioning.plan import Plan
from bursar.subscriptions.licenses.service import link_learners as link_licenses


@dataclass(frozen=True, slots=True)
class LearnerRun:
    session: Session
    actor: Actor
    now: datetime
    plan: Plan

    def put(self, enterprise: EnterpriseForm) -> None:
        if not enterprise.learners:
            return
        learners = [learner.given() for learner in enterprise.learners]
        result = put_learners(self.session, self.actor, enterprise.uuid, learners, self.now)
        for link in (link_assignments, link_licenses):
            link(self.session, self.actor, enterprise.uuid, result.known, self.now)
        refresh_consent(self.session, enterprise.uuid, result.consent_changed, self.now)
        counts = result.created, result.changed, result.unchanged
        self.plan.note_several(counts, f"learners of {enterprise.slug}")
