"""Tells of assignments that expire soon."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.credit.assignments.events import AssignmentExpiring
from bursar.credit.assignments.expiry import policies_with_allocated
from bursar.credit.assignments.records import actions_of, find_by_uuid
from bursar.credit.assignments.views import assignment_list_item
from bursar.credit.ledger.service import LockedBudget, lock_budget
from bursar.credit.models import Assignment, AssignmentConfiguration
from bursar.credit.states import AssignmentState
from bursar.database.engine import Database
from bursar.events.service import publish
from bursar.events.windows import Ending, Notices

ACTOR: Final = Actor("task:tell-expiring-assignments", kind=ActorKind.TASK)
NOTICES: Final = Notices(AssignmentExpiring.type, (14,))
BATCH: Final = 1000
_table: Final = Assignment.__table__.c


def tell_expiring(database: Database, only: UUID | None = None) -> int:
    """Of how many it told. In transactions of its own, for some assignments of one policy each; it
    may run twice. Deadlines are as fresh as `expire_assignments` leaves them."""
    now = clock.now()
    policies = policies_with_allocated(database, only)
    return sum(_tell_of(database, *policy, now) for policy in policies)


def _tell_of(database: Database, enterprise_uuid: UUID, policy_uuid: UUID, now: datetime) -> int:
    told, after = 0, UUID(int=0)
    while True:
        with database.read() as connection:
            endings = _page(connection, policy_uuid, after, now)
            found = NOTICES.untold(connection, endings, now).get(enterprise_uuid, [])
        if found:
            with database.transaction() as session:
                budget = lock_budget(session, enterprise_uuid, policy_uuid)
                told += _tell(session, budget, found, now)
        if len(endings) < BATCH:
            return told
        after = endings[-1].object_uuid


def _page(
    connection: Connection, policy_uuid: UUID, after_uuid: UUID, now: datetime
) -> list[Ending]:
    after, until = NOTICES.window(now)
    statement = (
        select(_table.enterprise_uuid, _table.uuid, _table.expires_at)
        .join(AssignmentConfiguration, AssignmentConfiguration.uuid == _table.configuration_uuid)
        .where(
            AssignmentConfiguration.policy_uuid == policy_uuid,
            _table.state == AssignmentState.ALLOCATED.value,
            _table.transaction_uuid.is_(None),
            _table.expires_at > after,
            _table.expires_at <= until,
            _table.uuid > after_uuid,
        )
        .order_by(_table.uuid)
        .limit(BATCH)
    )
    return [Ending(*row) for row in connection.execute(statement)]


def _tell(session: Session, budget: LockedBudget, uuids: Sequence[UUID], now: datetime) -> int:
    if budget.configuration_uuid is None:
        return 0
    rows = {
        row.uuid: row
        for row in find_by_uuid(session, budget.configuration_uuid, uuids)
        # It may have been redeemed or cancelled since it was found.
        if row.state == AssignmentState.ALLOCATED and row.transaction_uuid is None
    }
    endings = [Ending(row.enterprise_uuid, row.uuid, row.expires_at) for row in rows.values()]
    told = NOTICES.mark(session, endings, now)
    actions = actions_of(session, list(told))
    events = [
        AssignmentExpiring(
            object_id=uuid,
            enterprise_uuid=budget.enterprise_uuid,
            data=assignment_list_item(rows[uuid], actions[uuid]),
        )
        for uuid in told
    ]
    publish(session, ACTOR, events, at=now)
    return len(events)
