"""What renewals do by the clock."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import select

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.database.engine import Database
from bursar.identity.clocks import is_decided
from bursar.jobs.tasks import Task
from bursar.settings import Settings
from bursar.subscriptions.plans.models import PlanRenewal
from bursar.subscriptions.renewals.commands import ProcessRenewal
from bursar.subscriptions.renewals.refusals import RenewalRefused
from bursar.subscriptions.renewals.service import process_renewal

ACTOR: Final = Actor("task:process-renewals", kind=ActorKind.TASK)
_log = structlog.get_logger(__name__)


def process_renewals(database: Database, only: UUID | None = None) -> Mapping[str, int]:
    """Each that is due in a transaction of its own; one that is refused is reported and waits."""
    at = clock.now()
    counts = {"processed": 0, "copied": 0, "refused": 0}
    for due in _due(database, at, only):
        try:
            with database.transaction() as session:
                copied = process_renewal(session, ACTOR, due, at=at)
        except RenewalRefused as refusal:
            _log.error("renewal refused", plan=str(due.plan_uuid), reason=str(refusal))
            counts["refused"] += 1
            continue
        if copied is not None:
            counts["processed"] += 1
            counts["copied"] += copied
    return counts


def _due(database: Database, at: datetime, only: UUID | None = None) -> list[ProcessRenewal]:
    """Earliest first, so that a renewed plan exists before its own renewal comes."""
    statement = (
        select(PlanRenewal.enterprise_uuid, PlanRenewal.plan_uuid)
        .where(
            PlanRenewal.processed_at.is_(None),
            PlanRenewal.effective_date <= at,
            is_decided(PlanRenewal.__table__.c.enterprise_uuid, only),
        )
        .order_by(PlanRenewal.effective_date, PlanRenewal.plan_uuid)
    )
    with database.read() as connection:
        return [
            ProcessRenewal(row.enterprise_uuid, row.plan_uuid)
            for row in connection.execute(statement)
        ]


def _is_needed(database: Database) -> bool:
    return bool(_due(database, clock.now()))


def _process_all(database: Database, _settings: Settings) -> Mapping[str, int]:
    return process_renewals(database)


TASKS: Final = (
    # Often: until a renewal is processed, its plan is locked and its learners wait.
    Task("process-renewals", _process_all, "*/5 * * * *", _is_needed),
)
