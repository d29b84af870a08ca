"""Expiry: the clock ends assignments whose deadline has passed, and their money is free again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.credit.assignments.cancellation import end
from bursar.credit.assignments.deadlines import refresh_deadlines
from bursar.credit.ledger.service import lock_budget
from bursar.credit.models import Assignment, AssignmentConfiguration
from bursar.credit.states import AssignmentMove, AssignmentState
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.identity.clocks import is_decided

BATCH: Final = 1000
ACTOR: Final = Actor("task:expire-assignments", kind=ActorKind.TASK)


@dataclass(frozen=True, slots=True)
class Expired:
    expired: int
    refreshed: int
    """Deadlines that a subsidy or content has moved since they were stored."""


def expire_assignments(
    database: Database, only: UUID | None = None, *, at: datetime | None = None
) -> Expired:
    """In transactions of its own, a policy and some assignments at a time. May run twice.

    Deadlines are refreshed first: content or a subsidy may have got another one meanwhile.
    """
    at = at or clock.now()
    expired = refreshed = 0
    for enterprise_uuid, policy_uuid in policies_with_allocated(database, only):
        with database.transaction() as session:
            lock_budget(session, enterprise_uuid, policy_uuid)
            refreshed += refresh_deadlines(session, enterprise_uuid, policy_uuid, at)
        while count := _expire_batch(database, enterprise_uuid, policy_uuid, at):
            expired += count
    return Expired(expired, refreshed)


def policies_with_allocated(
    database: Database, only: UUID | None = None
) -> list[tuple[UUID, UUID]]:
    """Of one enterprise, or of all that go by the clock on the wall."""
    table = AssignmentConfiguration
    statement = select(table.enterprise_uuid, table.policy_uuid).where(
        table.notifying_count + table.waiting_count + table.failed_count > 0,
        is_decided(AssignmentConfiguration.__table__.c.enterprise_uuid, only),
    )
    with database.read() as connection:
        return sorted(
            (row.enterprise_uuid, row.policy_uuid) for row in connection.execute(statement)
        )


def _expire_batch(
    database: Database, enterprise_uuid: UUID, policy_uuid: UUID, at: datetime
) -> int:
    with database.transaction() as session:
        budget = lock_budget(session, enterprise_uuid, policy_uuid)
        rows = _past_deadline(session, budget.configuration_uuid, at)
        end(session, ACTOR, budget, rows, AssignmentMove.EXPIRE, at=at)
        return len(rows)


def _past_deadline(
    session: Session, configuration_uuid: UUID | None, at: datetime
) -> Sequence[AnyRow]:
    statement = select(*Assignment.__table__.c).where(
        Assignment.configuration_uuid == configuration_uuid,
        Assignment.state == AssignmentState.ALLOCATED,
        Assignment.transaction_uuid.is_(None),
        Assignment.expires_at <= at,
    )
    return session.connection().execute(statement.limit(BATCH)).all()
