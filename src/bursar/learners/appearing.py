"""Accounts of the LMS that have appeared, or whose name has changed.

Whoever hears of one says so here: the pull of progress, an LMS that pushes, or a page that a
learner opens. What waits for the account then goes on by itself, because the learner is linked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.emails import normalised
from bursar.learners.commands import DeclaredLearner
from bursar.learners.service import LearnerRecord, find_learners, put_learners


@dataclass(frozen=True, slots=True)
class LmsAccount:
    """What an LMS says of the account that has an address."""

    email: str
    lms_user_id: int
    username: str


def note_accounts(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID,
    accounts: Sequence[LmsAccount],
    *,
    at: datetime | None = None,
) -> int:
    """An account appeared for these addresses, or has another name: of how many learners that was
    new. Addresses of nobody whom the enterprise knows are left aside.

    A learner whose account becomes known is linked, in the caller's transaction, which must not
    hold a budget or a plan: assignments and licenses name the account from then on, and enrollments
    that wait for it are worked on.
    """
    known = find_learners(session, enterprise_uuid, [each.email for each in accounts])
    news = [
        DeclaredLearner(
            email=normalised(each.email), lms_user_id=each.lms_user_id, username=each.username
        )
        for each in accounts
        if _is_new(known.get(normalised(each.email)), each)
    ]
    if not news:
        return 0
    return put_learners(session, actor, enterprise_uuid, news, at=at or clock.now()).changed


def _is_new(learner: LearnerRecord | None, account: LmsAccount) -> bool:
    if learner is None:
        return False
    return (learner.lms_user_id, learner.username) != (account.lms_user_id, account.username)
