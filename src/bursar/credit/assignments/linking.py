"""Assignments find the account of their learner, once it is known."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.audit.service import Change, record
from bursar.batches import batched
from bursar.credit.models import Assignment, AssignmentAction, AssignmentConfiguration, Policy
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.database.types import AnyRow

_AT_ONCE: Final = 10_000
_LINK: Final = (
    update(Assignment)
    .where(Assignment.uuid == bindparam("assignment_uuid"))
    .values(lms_user_id=bindparam("user_id"), modified_at=bindparam("now"))
    .execution_options(synchronize_session=False)
)


def link_learners(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID,
    known: Sequence[tuple[str, int]],
    now: datetime,
) -> int:
    """Fills in the account of assignments that have none; returns of how many.

    `known` is normalised e-mails with the lms_user_id of each. In the caller's transaction, which
    holds the policies concerned from here on, and must not hold another budget's lock already.
    """
    user_ids = dict(known)
    emails = sorted(user_ids)
    linked = 0
    for batch in batched(emails, _AT_ONCE):
        # Whoever changes assignments holds their policies, so that no two wait for each other.
        _lock(session, {row.policy_uuid for row in _unlinked(session, enterprise_uuid, batch)})
        rows = _unlinked(session, enterprise_uuid, batch)
        _link(session, actor, enterprise_uuid, [(row.uuid, user_ids[row[1]]) for row in rows], now)
        linked += len(rows)
    return linked


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


def _lock(session: Session, policies: Iterable[UUID]) -> None:
    uuid = Policy.__table__.c.uuid
    wanted = uuid.in_(sorted(policies))
    session.execute(select(uuid).where(wanted).order_by(uuid).with_for_update()).all()


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
    changes = [
        Change("assignment.learner_linked", "assignment", str(uuid), enterprise_uuid)
        for uuid, _ in accounts
    ]
    record(session, actor, changes)


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
