"""Revocation: for good, all or nothing, and the plan gets a new seat for each one it loses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.audit.service import record
from bursar.batches import batched
from bursar.database.bulk import is_any_of
from bursar.database.pipelines import in_one_go
from bursar.database.text import contains_in_any_case
from bursar.database.types import AnyRow
from bursar.jobs.queue import JobQueue
from bursar.subscriptions.endings.jobs import enqueue_ending
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.refusals import NoLiveLicense, TooManyRevocations
from bursar.subscriptions.licenses.seats import IS_LIVE, add_unassigned, licenses
from bursar.subscriptions.licenses.service import license_change, live_licenses
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.locking import LockedPlan, Movement, lock_plan, move

BATCH: Final = 10_000


@dataclass(frozen=True, slots=True)
class LicenseFilter:
    """What a licence must be like; both must hold. None: anything."""

    user_email: str | None = None
    """A part of it, in any case."""
    statuses: frozenset[LicenseStatus] | None = None

    def condition(self) -> ColumnElement[bool]:
        condition: ColumnElement[bool] = IS_LIVE
        if self.user_email is not None:
            condition &= contains_in_any_case(licenses.user_email, self.user_email)
        if self.statuses is not None:
            condition &= licenses.status.in_(sorted(status.value for status in self.statuses))
        return condition


def revoke_emails(
    session: Session,
    queue: JobQueue,
    actor: Actor,
    *,
    enterprise_uuid: UUID,
    plan_uuid: UUID,
    emails: Sequence[str],
    now: datetime,
) -> int:
    """How many licences. E-mails normalised and without repetitions.

    Raises NoLiveLicense for the first of them that has none, and TooManyRevocations.
    """
    plan = lock_plan(session, enterprise_uuid, plan_uuid)
    rows = live_licenses(session, plan_uuid, emails)
    holders = {row.user_email for row in rows}
    for email in emails:
        if email not in holders:
            raise NoLiveLicense(email, plan_uuid, "assigned or activated")
    return _revoke(session, queue, actor, plan=plan, rows=rows, now=now)


def revoke_matching(
    session: Session,
    queue: JobQueue,
    actor: Actor,
    *,
    enterprise_uuid: UUID,
    plan_uuid: UUID,
    filters: Iterable[LicenseFilter],
    now: datetime,
) -> int:
    """Every live licence that all filters let through. Raises TooManyRevocations."""
    plan = lock_plan(session, enterprise_uuid, plan_uuid)
    statement = select(licenses.uuid, licenses.status).where(
        licenses.plan_uuid == plan_uuid, *(each.condition() for each in filters), IS_LIVE
    )
    rows = session.connection().execute(statement).all()
    return _revoke(session, queue, actor, plan=plan, rows=rows, now=now)


def _revoke(
    session: Session,
    queue: JobQueue,
    actor: Actor,
    *,
    plan: LockedPlan,
    rows: Sequence[AnyRow],
    now: datetime,
) -> int:
    activated = sum(row.status == LicenseStatus.ACTIVATED for row in rows)
    if plan.revocations is not None and activated > max(0, plan.revocations.remaining):
        raise TooManyRevocations(activated, plan.revocations.remaining)
    if not rows:
        return 0
    with in_one_go(session, len(rows)):
        _write_revocations(session, [row.uuid for row in rows], now)
        add_unassigned(session, plan.enterprise_uuid, plan.uuid, len(rows), now)
        changes = [license_change("revoked", plan, row.uuid, {"from": row.status}) for row in rows]
        record(session, actor, changes)
        move(session, {plan.uuid: _movement(len(rows), activated)})
    if activated:
        enqueue_ending(queue, session, plan.uuid)
    return len(rows)


def _movement(number: int, activated: int) -> Movement:
    return Movement(
        unassigned=number,
        assigned=activated - number,
        activated=-activated,
        revoked=number,
        revoked_activated=activated,
    )


def _write_revocations(session: Session, uuids: Sequence[UUID], now: datetime) -> None:
    """Of those that were activated, the learners' enrolments have to end as well."""
    for batch in batched(uuids, BATCH):
        session.connection().execute(
            update(License)
            .where(is_any_of(session, License.uuid, batch))
            .values(
                status=LicenseStatus.REVOKED.value,
                revoked_at=now,
                modified_at=now,
                is_ending=licenses.status == LicenseStatus.ACTIVATED,
            )
        )
