"""The clock ends assignments whose earliest deadline passed, and their money is free again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from bursar import clock
from bursar.actors import Actor
from bursar.credit.assignments.changes import end
from bursar.credit.assignments.deadlines import refresh_deadlines
from bursar.credit.ledger.service import hold, lock_budget
from bursar.credit.models import Assignment, AssignmentConfiguration
from bursar.credit.states import AssignmentEvent, AssignmentState
from bursar.database.engine import Database
from bursar.settings import Settings

BATCH: Final = 1000
ACTOR: Final = Actor("task:expire-assignments")


def expire_assignments(database: Database, _settings: Settings) -> Mapping[str, int]:
    """Looks first whether content or a subsidy has got another deadline meanwhile."""
    expired = refreshed = 0
    now = clock.now()
    for enterprise_uuid, policy_uuid in _policies_with_allocated(database):
        with database.transaction() as session:
            lock_budget(session, enterprise_uuid, policy_uuid)
            refreshed += refresh_deadlines(session, enterprise_uuid, policy_uuid, now)
        while count := _expire_batch(database, enterprise_uuid, policy_uuid, now):
            expired += count
    return {"expired": expired, "refreshed": refreshed}


def _policies_with_allocated(database: Database) -> list[tuple[UUID, UUID]]:
    table = AssignmentConfiguration
    statement = select(table.enterprise_uuid, table.policy_uuid).where(
        table.notifying_count + table.waiting_count + table.failed_count > 0
    )
    with database.read() as connection:
        return sorted(
            (row.enterprise_uuid, row.policy_uuid) for row in connection.execute(statement)
        )


def _expire_batch(
    database: Database, enterprise_uuid: UUID, policy_uuid: UUID, now: datetime
) -> int:
    with database.transaction() as session:
        held = hold(session, ACTOR, enterprise_uuid, policy_uuid, now)
        statement = (
            select(*Assignment.__table__.c)
            .join(
                AssignmentConfiguration,
                AssignmentConfiguration.uuid == Assignment.configuration_uuid,
            )
            .where(
                AssignmentConfiguration.policy_uuid == policy_uuid,
                Assignment.state == AssignmentState.ALLOCATED,
                Assignment.transaction_uuid.is_(None),
                Assignment.expires_at <= now,
            )
            .limit(BATCH)
        )
        rows = session.connection().execute(statement).all()
        end(held, rows, AssignmentEvent.EXPIRE)
        return len(rows)
