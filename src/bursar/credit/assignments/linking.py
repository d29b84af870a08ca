"""Linking: assignments name the account of their learner, once it is known."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.batches import batched
from bursar.credit.assignments.commands import LinkLearners
from bursar.credit.assignments.events import AssignmentLearnerLinked
from bursar.credit.ledger.service import lock_policies
from bursar.credit.models import Assignment, AssignmentAction, AssignmentConfiguration
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.database.types import AnyRow
from bursar.events.service import publish
from bursar.learners.events import LearnerLinked

_AT_ONCE: Final = 10_000
_LINK: Final = (
    update(Assignment)
    .where(Assignment.uuid == bindparam("assignment_uuid"))
    .values(lms_user_id=bindparam("user_id"), modified_at=bindparam("now"))
    .execution_options(synchronize_session=False)
)


def link_learners(
    session: Session, actor: Actor, command: LinkLearners, *, at: datetime | None = None
) -> int:
    """Fills in the account of assignments that have none; returns of how many.

    The transaction holds the policies concerned from here on. It must not hold the lock of
    another budget already, or two transactions could wait for each other.
    """
    at, linked = at or clock.now(), 0
    enterprise_uuid = command.enterprise_uuid
    for batch in batched(sorted(command.accounts), _AT_ONCE):
        # Whoever changes assignments holds their policies first. What was read before the lock
        # may have changed meanwhile, and is read again.
        unlinked = _unlinked(session, enterprise_uuid, batch)
        lock_policies(session, {row.policy_uuid for row in unlinked})
        rows = _unlinked(session, enterprise_uuid, batch)
        accounts = [(row.uuid, command.accounts[row.learner_email]) for row in rows]
        _link(session, actor, enterprise_uuid, accounts, at)
        linked += len(rows)
    return linked


def of_linked_learners(
    session: Session, actor: Actor, events: Sequence[LearnerLinked], at: datetime
) -> None:
    """Links the assignments of learners whose account has become known."""
    accounts: defaultdict[UUID, dict[str, int]] = defaultdict(dict)
    for event in events:
        if event.enterprise_uuid is not None:
            accounts[event.enterprise_uuid][event.email] = event.lms_user_id
    for enterprise_uuid, known in accounts.items():
        link_learners(session, actor, LinkLearners(enterprise_uuid, known), at=at)


def _unlinked(session: Session, enterprise_uuid: UUID, emails: Sequence[str]) -> Sequence[AnyRow]:
    configuration = AssignmentConfiguration.__table__.c
    return session.execute(
        select(Assignment.uuid, Assignment.learner_email, configuration.policy_uuid)
        .join(AssignmentConfiguration, configuration.uuid == Assignment.configuration_uuid)
        .where(
            Assignment.enterprise_uuid == enterprise_uuid,
            Assignment.lms_user_id.is_(None),
            is_any_of(session, Assignment.learner_email, emails),
        )
        .order_by(Assignment.uuid)
    ).all()


def _link(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID,
    accounts: Sequence[tuple[UUID, int]],
    now: datetime,
) -> None:
    if not accounts:
        return
    session.connection().execute(
        _LINK,
        [{"assignment_uuid": uuid, "user_id": user_id, "now": now} for uuid, user_id in accounts],
    )
    actions = [_action(enterprise_uuid, uuid, now) for uuid, _ in accounts]
    bulk_insert(session, AssignmentAction, actions)
    news = [
        AssignmentLearnerLinked(
            object_id=uuid,
            enterprise_uuid=enterprise_uuid,
            changes={"lms_user_id": (None, user_id)},
        )
        for uuid, user_id in accounts
    ]
    publish(session, actor, news, at=now)


def _action(enterprise_uuid: UUID, assignment_uuid: UUID, now: datetime) -> dict[str, object]:
    return {
        "uuid": uuid4(),
        "enterprise_uuid": enterprise_uuid,
        "assignment_uuid": assignment_uuid,
        "action_type": "learner_linked",
        "mail_uuid": None,
        "created_at": now,
        "modified_at": now,
        "completed_at": now,
        "error_reason": None,
    }
