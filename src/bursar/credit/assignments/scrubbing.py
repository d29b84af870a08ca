"""Forgets the e-mail addresses of assignments that ended long ago; the account's id stays."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.audit.service import Change, record
from bursar.credit.assignments.rules import DAYS_UNTIL_SCRUBBED
from bursar.credit.ledger.service import lock_budget
from bursar.credit.models import Assignment, AssignmentConfiguration, SubsidyTransaction
from bursar.credit.states import AssignmentState
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.notifications import service as notifications
from bursar.settings import Settings

BATCH: Final = 1000
ACTOR: Final = Actor("task:scrub-pii")


def scrub_pii(database: Database, _settings: Settings) -> Mapping[str, int]:
    """Leaves those alone whose last mail was neither delivered nor given up yet."""
    scrubbed = waiting = 0
    now = clock.now()
    for enterprise_uuid, policy_uuid in _policies_with_ended(database):
        after: UUID | None = None
        while True:
            with database.transaction() as session:
                lock_budget(session, enterprise_uuid, policy_uuid)
                rows = _to_scrub(session, policy_uuid, after, now)
                done = _scrub(session, rows, now)
            scrubbed += done
            waiting += len(rows) - done
            if len(rows) < BATCH:
                break
            after = rows[-1].uuid
    return {"scrubbed": scrubbed, "waiting for mail": waiting}


def tombstone(assignment_uuid: UUID) -> str:
    return f"retired_user{assignment_uuid.hex}@retired.invalid"


def _policies_with_ended(database: Database) -> list[tuple[UUID, UUID]]:
    table = AssignmentConfiguration
    statement = select(table.enterprise_uuid, table.policy_uuid).where(
        table.cancelled_count + table.expired_count > 0
    )
    with database.read() as connection:
        return sorted(
            (row.enterprise_uuid, row.policy_uuid) for row in connection.execute(statement)
        )


def _to_scrub(
    session: Session, policy_uuid: UUID, after: UUID | None, now: datetime
) -> Sequence[AnyRow]:
    statement = (
        select(Assignment.uuid, Assignment.enterprise_uuid)
        .join(
            AssignmentConfiguration, AssignmentConfiguration.uuid == Assignment.configuration_uuid
        )
        .where(
            AssignmentConfiguration.policy_uuid == policy_uuid,
            Assignment.state.in_([AssignmentState.CANCELLED, AssignmentState.EXPIRED]),
            Assignment.scrubbed_at.is_(None),
            Assignment.allocated_at <= now - DAYS_UNTIL_SCRUBBED,
        )
        .order_by(Assignment.uuid)
        .limit(BATCH)
    )
    if after is not None:
        statement = statement.where(Assignment.uuid > after)
    return session.execute(statement).all()


_SCRUB = (
    update(Assignment)
    .where(Assignment.uuid == bindparam("assignment"))
    .values(learner_email=bindparam("email"), scrubbed_at=bindparam("at"))
    .execution_options(synchronize_session=False)
)
_SCRUB_TRANSACTIONS = (
    update(SubsidyTransaction)
    .where(SubsidyTransaction.assignment_uuid == bindparam("assignment"))
    .values(learner_email=bindparam("email"))
    .execution_options(synchronize_session=False)
)


def _scrub(session: Session, rows: Sequence[AnyRow], now: datetime) -> int:
    busy = notifications.pending_subjects(session, [row.uuid for row in rows])
    ready = [row for row in rows if row.uuid not in busy]
    if not ready:
        return 0
    values = [{"assignment": row.uuid, "email": tombstone(row.uuid), "at": now} for row in ready]
    connection = session.connection()
    connection.execute(_SCRUB, values)
    tombstones = {row.uuid: tombstone(row.uuid) for row in ready}
    connection.execute(
        _SCRUB_TRANSACTIONS,
        [{"assignment": uuid, "email": email} for uuid, email in tombstones.items()],
    )
    notifications.replace_recipients(session, tombstones)
    changes = [
        Change("assignment.scrubbed", "assignment", str(row.uuid), row.enterprise_uuid)
        for row in ready
    ]
    record(session, ACTOR, changes)
    return len(ready)
