"""Scrubbing: the e-mail addresses of assignments that ended long ago are forgotten.

The lms_user_id stays, so that the assignment can still be found for its learner.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.credit.assignments.events import AssignmentScrubbed
from bursar.credit.assignments.rules import DAYS_UNTIL_SCRUBBED
from bursar.credit.ledger.service import lock_budget
from bursar.credit.models import Assignment, AssignmentConfiguration, SubsidyTransaction
from bursar.credit.states import AssignmentState
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.delivery import service as delivery
from bursar.emails import retired_address
from bursar.events.service import publish

BATCH: Final = 1000
ACTOR: Final = Actor("task:scrub-pii", kind=ActorKind.TASK)


@dataclass(frozen=True, slots=True)
class Scrubbed:
    scrubbed: int
    waiting_for_mail: int
    """Their last mail was neither delivered nor given up yet: it still needs the address."""


def scrub_pii(database: Database, *, at: datetime | None = None) -> Scrubbed:
    """In transactions of its own, a policy and some assignments at a time. May run twice."""
    scrubbed = waiting = 0
    now = at or clock.now()
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
    return Scrubbed(scrubbed, waiting)


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
    busy = delivery.pending_subjects(session, [row.uuid for row in rows])
    ready = [row for row in rows if row.uuid not in busy]
    if not ready:
        return 0
    values = [
        {"assignment": row.uuid, "email": retired_address(row.uuid), "at": now} for row in ready
    ]
    connection = session.connection()
    connection.execute(_SCRUB, values)
    tombstones = {row.uuid: retired_address(row.uuid) for row in ready}
    connection.execute(
        _SCRUB_TRANSACTIONS,
        [{"assignment": uuid, "email": email} for uuid, email in tombstones.items()],
    )
    delivery.replace_recipients(session, tombstones)
    news = [
        AssignmentScrubbed(object_id=row.uuid, enterprise_uuid=row.enterprise_uuid) for row in ready
    ]
    publish(session, ACTOR, news, at=now)
    return len(ready)
