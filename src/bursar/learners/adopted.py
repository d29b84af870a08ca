"""Learners that were known elsewhere before.

They make no news when they come: `learner.created` tells of somebody new, and a subscriber would
welcome a million people who have long been there.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.database.bulk import insert_missing
from bursar.emails import normalised
from bursar.learners.commands import DeclaredLearner
from bursar.learners.models import Learner
from bursar.learners.service import PutResult, find_learners, put_learners


def adopt_learners(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID,
    learners: Mapping[str, DeclaredLearner],
    *,
    at: datetime,
) -> tuple[PutResult, dict[str, int]]:
    """By normalised address; at most `service.BATCH`. Answers what came of them, and their ids.

    A learner who is known already is brought to what is declared, which is told as always.
    """
    known = find_learners(session, enterprise_uuid, list(learners))
    new = [learner for address, learner in learners.items() if address not in known]
    rows = [_row(enterprise_uuid, learner, at) for learner in new]
    made = {row.email: row.id for row in insert_missing(session, Learner, rows, ("email", "id"))}
    others = [learner for address, learner in learners.items() if address not in made]
    put = put_learners(session, actor, enterprise_uuid, others, at=at)
    ids = made | {address: each.id for address, each in known.items()}
    return PutResult(len(made) + put.created, put.changed, put.unchanged), ids


def _row(enterprise_uuid: UUID, learner: DeclaredLearner, at: datetime) -> dict[str, object]:
    return {
        "enterprise_uuid": enterprise_uuid,
        "email": normalised(learner.email),
        "lms_user_id": learner.lms_user_id or None,
        "username": learner.username or None,
        "sso_uid": learner.sso_uid or None,
        "country": learner.country or None,
        "consent": False,
        "created_at": learner.created or at,
        "modified_at": at,
    }
