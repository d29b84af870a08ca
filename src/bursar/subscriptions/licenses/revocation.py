"""Revocation: learners lose their licenses for good, and what those paid for ends."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.clock import format_instant
from bursar.database.pipelines import in_one_go
from bursar.database.types import AnyRow
from bursar.events.service import publish
from bursar.subscriptions.licenses import queries, seats
from bursar.subscriptions.licenses.commands import (
    Revocations,
    RevokedLicense,
    RevokeLicenses,
    RevokeMatchingLicenses,
)
from bursar.subscriptions.licenses.events import LicenseRevoked
from bursar.subscriptions.licenses.refusals import (
    LicenseRefused,
    NoLiveLicense,
    TooManyRevocations,
)
from bursar.subscriptions.licenses.rules import require_all
from bursar.subscriptions.licenses.states import LIVE, LicenseStatus
from bursar.subscriptions.licenses.views import revoked_item
from bursar.subscriptions.plans.locking import (
    CountsDelta,
    LockedPlan,
    change_counts,
    lock_plan,
)


def revoke(
    session: Session, actor: Actor, command: RevokeLicenses, *, at: datetime | None = None
) -> int:
    """How many licenses. Raises NoLiveLicense and TooManyRevocations."""
    plan = lock_plan(session, command.enterprise_uuid, command.plan_uuid)
    rows = queries.live_rows(session, plan.uuid, command.emails)
    require_all(plan.uuid, command.emails, {row.user_email for row in rows}, LIVE)
    return revoke_locked(session, actor, plan, rows, at or clock.now())


def revoke_matching(
    session: Session,
    actor: Actor,
    command: RevokeMatchingLicenses,
    *,
    at: datetime | None = None,
) -> int:
    """How many licenses. Raises TooManyRevocations."""
    plan = lock_plan(session, command.enterprise_uuid, command.plan_uuid)
    rows = queries.matching_rows(session, plan.uuid, command.filters)
    return revoke_locked(session, actor, plan, rows, at or clock.now())


def revoke_what_can_be(
    session: Session,
    actor: Actor,
    command: RevokeLicenses | RevokeMatchingLicenses,
    *,
    at: datetime | None = None,
) -> Revocations:
    """Not all or nothing: who holds no license, or is one too many for the cap, is passed over.

    E-mails are taken in the order of the command, what filters select in that of the alphabet.
    """
    plan = lock_plan(session, command.enterprise_uuid, command.plan_uuid)
    if isinstance(command, RevokeLicenses):
        rows = queries.live_rows(session, plan.uuid, command.emails)
        emails = command.emails
    else:
        rows = list(queries.matching_rows(session, plan.uuid, command.filters))
        emails = sorted(row.user_email for row in rows)
    chosen, refused = _within_cap(plan, emails, rows)
    revoke_locked(session, actor, plan, chosen, at or clock.now())
    revoked = [
        RevokedLicense(row.uuid, LicenseStatus(row.status), row.user_email) for row in chosen
    ]
    return Revocations(revoked, refused)


def _within_cap(
    plan: LockedPlan, emails: Sequence[str], rows: Sequence[AnyRow]
) -> tuple[list[AnyRow], list[tuple[str, LicenseRefused]]]:
    """The licenses that can be revoked, and why the others cannot. Assigned ones cost nothing."""
    held = {row.user_email: row for row in rows}
    remaining = None if plan.revocations is None else max(0, plan.revocations.remaining)
    chosen: list[AnyRow] = []
    refused: list[tuple[str, LicenseRefused]] = []
    for email in emails:
        row = held.get(email)
        if row is None:
            refused.append((email, NoLiveLicense(plan.uuid, [email], LIVE)))
        elif row.status != LicenseStatus.ACTIVATED or remaining is None:
            chosen.append(row)
        elif remaining > 0:
            remaining -= 1
            chosen.append(row)
        else:
            refused.append((email, TooManyRevocations(plan.uuid, 1, 0)))
    return chosen, refused


def revoke_locked(
    session: Session, actor: Actor, plan: LockedPlan, rows: Sequence[AnyRow], at: datetime
) -> int:
    """For good: the plan gets a new license for each one that it loses."""
    number = len(rows)
    activated = sum(row.status == LicenseStatus.ACTIVATED for row in rows)
    require_revocations(plan, activated)
    if not rows:
        return 0
    delta = CountsDelta(
        unassigned=number,
        assigned=activated - number,
        activated=-activated,
        revoked=number,
        revoked_activated=activated,
    )
    with in_one_go(session, number):
        seats.write_revoked(session, [row.uuid for row in rows], at)
        seats.add_unassigned(session, plan.enterprise_uuid, plan.uuid, number, at)
        change_counts(session, {plan.uuid: delta})
    # Not in one go: who is told may ask the database something.
    publish(session, actor, _revoked_events(plan, rows, at), at=at)
    return number


def require_revocations(plan: LockedPlan, activated: int) -> None:
    """Raises TooManyRevocations when the plan's cap does not allow so many."""
    if plan.revocations is not None and activated > max(0, plan.revocations.remaining):
        raise TooManyRevocations(plan.uuid, activated, plan.revocations.remaining)


def _revoked_events(plan: LockedPlan, rows: Sequence[AnyRow], at: datetime) -> list[LicenseRevoked]:
    revoked_date = format_instant(at)
    return [
        LicenseRevoked(
            object_id=row.uuid,
            enterprise_uuid=plan.enterprise_uuid,
            changes={"status": (row.status, LicenseStatus.REVOKED)},
            data=revoked_item(row, revoked_date),
            email=row.user_email,
            was_activated=row.status == LicenseStatus.ACTIVATED,
        )
        for row in rows
    ]
