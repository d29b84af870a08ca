"""What others are told when a learner's address changes, or a learner is deactivated or erased.

The rows are changed by the engine of `bursar.people`, together with those of all other domains.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, insert, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.events.service import publish
from bursar.learners.commands import DeclaredLearner
from bursar.learners.events import LearnerChanged, LearnerErased
from bursar.learners.models import FormerAddress, Learner
from bursar.learners.service import LearnerRecord, put_learners
from bursar.learners.views import LearnerView

_FORMER: Final = cast("Table", FormerAddress.__table__)


def withdraw_consents(
    session: Session, actor: Actor, enterprise_uuid: UUID, emails: Sequence[str], at: datetime
) -> None:
    """Before learners are erased: what they reported is hidden, and who shows it is told."""
    declared = [DeclaredLearner(email=email, consent=False) for email in emails]
    put_learners(session, actor, enterprise_uuid, declared, at=at)


def tell_renamed(
    session: Session, actor: Actor, learner: LearnerRecord, email: str, at: datetime
) -> None:
    """Keeps the address that the learner had, and publishes the change. Without consent, nobody is
    told the addresses."""
    session.execute(
        insert(_FORMER).values(
            enterprise_uuid=learner.enterprise_uuid,
            learner_id=learner.id,
            email=learner.email,
            until=at,
        )
    )
    changed = LearnerChanged(
        object_id=str(learner.id),
        enterprise_uuid=learner.enterprise_uuid,
        changes={"email": (learner.email, email) if learner.consent else (None, None)},
        data=_renamed(learner, email),
        learner_id=learner.id,
        email=email,
    )
    publish(session, actor, [changed], at=at)


def set_deactivated(session: Session, ids: Sequence[int], at: datetime, *, is_gone: bool) -> None:
    """The caller has locked these learners, and tells."""
    values = {"deactivated_at": at if is_gone else None, "modified_at": at}
    statement = update(Learner).where(Learner.id.in_(ids)).values(values)
    session.execute(statement.execution_options(synchronize_session=False))


def view_of_learner(learner: LearnerRecord) -> LearnerView:
    return _renamed(learner, learner.email)


def tell_erased(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID,
    tombstones: Sequence[tuple[int, str]],
    at: datetime,
) -> None:
    """Publishes that learners, by their ids with their tombstones, were erased."""
    events = [
        LearnerErased(
            object_id=str(learner_id),
            enterprise_uuid=enterprise_uuid,
            data=LearnerView(learner_id, consent=False),
            learner_id=learner_id,
            email=tombstone,
        )
        for learner_id, tombstone in tombstones
    ]
    publish(session, actor, events, at=at)


def _renamed(learner: LearnerRecord, email: str) -> LearnerView:
    if not learner.consent:
        return LearnerView(learner.id, consent=False)
    return LearnerView(
        learner.id,
        learner.consent,
        email,
        learner.lms_user_id,
        learner.username,
        learner.sso_uid,
        learner.country,
        learner.created_at,
    )
