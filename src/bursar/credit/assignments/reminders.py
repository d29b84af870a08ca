"""Reminders: learners are told once more of what is allocated to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.credit.assignments.commands import RemindAssignments
from bursar.credit.assignments.events import AssignmentReminded
from bursar.credit.assignments.records import actions_of
from bursar.credit.assignments.selection import find_all
from bursar.credit.assignments.views import assignment_list_item
from bursar.credit.ledger.service import LockedPolicy, lock_policy_of
from bursar.credit.states import AssignmentState
from bursar.database.types import AnyRow
from bursar.events.service import publish

REMINDABLE: Final = frozenset({AssignmentState.ALLOCATED})


def remind(
    session: Session, actor: Actor, command: RemindAssignments, *, at: datetime | None = None
) -> None:
    """All or none. The mails are not sent if their assignment is not allocated any more when
    their turn comes. Raises AssignmentsInWrongState."""
    policy = lock_policy_of(session, command.enterprise_uuid, command.configuration_uuid)
    rows = find_all(session, command.configuration_uuid, command.assignment_uuids, REMINDABLE)
    tell(session, actor, policy, rows, at or clock.now())


def tell(
    session: Session, actor: Actor, policy: LockedPolicy, rows: Sequence[AnyRow], at: datetime
) -> None:
    actions = actions_of(session, [row.uuid for row in rows])
    reminded = [
        AssignmentReminded(
            object_id=row.uuid,
            enterprise_uuid=row.enterprise_uuid,
            data=assignment_list_item(row, actions[row.uuid]),
            enterprise_slug=policy.enterprise_slug,
            catalog_uuid=policy.catalog_uuid,
        )
        for row in rows
    ]
    publish(session, actor, reminded, at=at)
