"""Learners of manifests."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.learners.commands import DeclaredLearner
from bursar.learners.service import put_learners
from bursar.provisioning.forms import EnterpriseForm
from bursar.provisioning.plan import Plan


@dataclass(frozen=True, slots=True)
class LearnerRun:
    session: Session
    actor: Actor
    now: datetime
    plan: Plan

    def put(self, enterprise: EnterpriseForm) -> None:
        if not enterprise.learners:
            return
        learners = [DeclaredLearner(**learner.given()) for learner in enterprise.learners]
        result = put_learners(self.session, self.actor, enterprise.uuid, learners, at=self.now)
        counts = result.created, result.changed, result.unchanged
        self.plan.note_several(counts, f"learners of {enterprise.slug}")
