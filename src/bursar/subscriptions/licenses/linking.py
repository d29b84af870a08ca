"""Updates licenses when the accounts of learners become known."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.learners.events import LearnerLinked
from bursar.subscriptions.licenses.commands import LinkAccounts
from bursar.subscriptions.licenses.service import link_accounts


def link_learners(
    session: Session, actor: Actor, events: Sequence[LearnerLinked], at: datetime
) -> None:
    """A subscriber: notes on live licenses which accounts in the LMS hold them."""
    accounts: defaultdict[UUID, list[tuple[str, int]]] = defaultdict(list)
    for event in events:
        if event.enterprise_uuid is not None:
            accounts[event.enterprise_uuid].append((event.email, event.lms_user_id))
    for enterprise_uuid, known in accounts.items():
        link_accounts(session, actor, LinkAccounts(enterprise_uuid, known), at=at)
