"""The front door of licenses: they are assigned, activated, revoked, and learners are reminded.

Every change expects the caller's transaction, and holds the locks of the plans it touches until
that ends. `at` is the instant at which the change happens; None is now.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Connection, String, select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.clock import format_instant
from bursar.database.pipelines import in_one_go
from bursar.database.rows import given_rows
from bursar.database.types import AnyRow
from bursar.events.service import publish
from bursar.learners.service import find_learners
from bursar.pages import Page, PageRequest
from bursar.subscriptions.licenses import queries, seats
from bursar.subscriptions.licenses.commands import (
    ActivateLicense,
    ActivateLicenses,
    AssignedLicenses,
    AssignLicenses,
    LicenseSelection,
    LinkAccounts,
    RemindLearners,
    RevokeLicenses,
    RevokeMatchingLicenses,
)
from bursar.subscriptions.licenses.events import (
    LicenseActivated,
    LicenseAssigned,
    LicenseLinked,
    LicenseReminded,
    LicenseRevoked,
)
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.queries import (
    IS_LIVE,
    SHOWN,
    find_live_licenses,
    find_usable_licenses,
    hold_activated,
    is_any_assigned,
    licenses,
    live_among,
)
from bursar.subscriptions.licenses.refusals import (
    NoLiveLicense,
    NotActivatable,
    NotEnoughLicenses,
    PlanUnusable,
    TooManyRevocations,
)
from bursar.subscriptions.licenses.states import LIVE, LicenseStatus
from bursar.subscriptions.licenses.views import LicenseItem, license_item, revoked_item
from bursar.subscriptions.plans.locking import (
    CountsDelta,
    LockedPlan,
    change_counts,
    lock_plan,
    lock_plans,
)
from bursar.subscriptions.plans.owned import PlanTarget
from bursar.subscriptions.plans.rules import why_unassignable, why_unusable

__all__ = [
    "activate",
    "activate_several",
    "assign",
    "find_live_licenses",
    "find_usable_licenses",
    "hold_activated",
    "is_any_assigned",
    "link_accounts",
    "list_licenses",
    "live_among",
    "remind",
    "revoke",
    "revoke_matching",
]

_ASSIGNED: Final = (LicenseStatus.ASSIGNED,)


def list_licenses(
    connection: Connection, plan: PlanTarget, selection: LicenseSelection, wanted: PageRequest
) -> tuple[Page, list[LicenseItem]]:
    """By e-mail; those that nobody holds come last. Raises PageOutOfRange."""
    if selection.search is None:
        count = sum(getattr(plan, f"{status}_count") for status in selection.statuses)
    else:
        count = queries.count_licenses(connection, plan.uuid, selection)
    page = wanted.within(count)
    rows = queries.page_of_licenses(
        connection, plan.uuid, selection, offset=page.start, limit=page.size
    )
    return page, [license_item(row) for row in rows]


def assign(
    session: Session, actor: Actor, command: AssignLicenses, *, at: datetime | None = None
) -> AssignedLicenses:
    """Raises PlanUnusable and NotEnoughLicenses."""
    at = at or clock.now()
    emails = list(command.sfids)
    # Before the lock, for which everyone else waits.
    learners = find_learners(session, command.enterprise_uuid, emails)
    plan = lock_plan(session, command.enterprise_uuid, command.plan_uuid)
    if reason := why_unassignable(plan.terms, at):
        raise PlanUnusable(plan.uuid, reason)
    holders = {row.user_email for row in queries.live_rows(session, plan.uuid, emails)}
    new = [email for email in emails if email not in holders]
    if len(new) > plan.seats.unassigned:
        raise NotEnoughLicenses(plan.uuid, len(new), plan.seats.unassigned)
    accounts = {email: learner.lms_user_id for email, learner in learners.items()}
    assigned_date = format_instant(at)
    assigned = [
        LicenseItem(
            uuid=uuid,
            status=LicenseStatus.ASSIGNED,
            user_email=email,
            lms_user_id=accounts.get(email),
            user_sfid=command.sfids[email],
            subscription_plan_uuid=plan.uuid,
            assigned_date=assigned_date,
            activation_date=None,
            revoked_date=None,
        )
        for email, uuid in zip(
            new, seats.take_unassigned(session, plan.uuid, len(new)), strict=True
        )
    ]
    if assigned:
        with in_one_go(session, len(assigned)):
            seats.write_assigned(session, assigned, at)
            delta = CountsDelta(unassigned=-len(new), assigned=len(new))
            change_counts(session, {plan.uuid: delta})
            publish(session, actor, _assigned_events(plan, command, assigned), at=at)
    uuids = (license_.uuid for license_ in assigned)
    return AssignedLicenses(list(zip(new, uuids, strict=True)), len(holders))


def _assigned_events(
    plan: LockedPlan, command: AssignLicenses, assigned: Sequence[LicenseItem]
) -> list[LicenseAssigned]:
    return [
        LicenseAssigned(
            object_id=license_.uuid,
            enterprise_uuid=plan.enterprise_uuid,
            changes={
                "status": (LicenseStatus.UNASSIGNED, LicenseStatus.ASSIGNED),
                "user_email": (None, license_.user_email),
            },
            data=license_,
            # Nothing is told of a license before a learner gets it, and none is given twice.
            is_first=True,
            email=str(license_.user_email),
            plan_title=plan.title,
            plan_expiration=plan.terms.expiration_date,
            notify=command.notify,
            greeting=command.greeting,
            closing=command.closing,
        )
        for license_ in assigned
    ]


def remind(
    session: Session, actor: Actor, command: RemindLearners, *, at: datetime | None = None
) -> int:
    """How many learners. Raises NoLiveLicense.

    The mails look at the licenses again before they leave.
    """
    at = at or clock.now()
    plan = lock_plan(session, command.enterprise_uuid, command.plan_uuid)
    rows = {
        row.user_email: row
        for row in queries.live_rows(session, plan.uuid, command.emails)
        if row.status == LicenseStatus.ASSIGNED
    }
    _require_all(plan, command.emails, rows.keys(), _ASSIGNED)
    events = [
        LicenseReminded(
            object_id=rows[email].uuid,
            enterprise_uuid=plan.enterprise_uuid,
            data=license_item(rows[email]),
            email=email,
            plan_title=plan.title,
            plan_expiration=plan.terms.expiration_date,
        )
        for email in command.emails
    ]
    publish(session, actor, events, at=at)
    return len(events)


def _require_all(
    plan: LockedPlan,
    emails: Sequence[str],
    holders: Collection[str],
    statuses: tuple[LicenseStatus, ...],
) -> None:
    """Raises NoLiveLicense for the first of them that has none."""
    for email in emails:
        if email not in holders:
            raise NoLiveLicense(plan.uuid, email, statuses)


def activate(
    session: Session, actor: Actor, command: ActivateLicense, *, at: datetime | None = None
) -> LicenseItem:
    """The license, activated now or before. Raises NotActivatable and PlanUnusable."""
    at = at or clock.now()
    plan = lock_plan(session, command.enterprise_uuid, command.plan_uuid)
    row = queries.license_of_plan(session, plan.uuid, command.license_uuid)
    if row.status == LicenseStatus.ACTIVATED:
        return license_item(row)
    if row.status != LicenseStatus.ASSIGNED:
        raise NotActivatable(command.license_uuid, LicenseStatus(row.status))
    if reason := why_unusable(plan.terms, at):
        raise PlanUnusable(plan.uuid, reason)
    (activated,) = _activate_locked(session, actor, plan.enterprise_uuid, [row.uuid], at)
    return activated


def activate_several(
    session: Session, actor: Actor, command: ActivateLicenses, *, at: datetime | None = None
) -> list[LicenseItem]:
    """Those that were not activated before."""
    at = at or clock.now()
    enterprise_uuid, uuids = command.enterprise_uuid, command.license_uuids
    lock_plans(session, queries.plans_of_licenses(session, enterprise_uuid, uuids))
    return _activate_locked(session, actor, enterprise_uuid, uuids, at)


def _activate_locked(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID,
    license_uuids: Sequence[UUID],
    at: datetime,
) -> list[LicenseItem]:
    """Of plans that are locked."""
    rows = seats.write_activated(session, enterprise_uuid, license_uuids, at)
    activated = [license_item(row) for row in rows]
    if activated:
        numbers = Counter(each.subscription_plan_uuid for each in activated)
        deltas = {
            plan_uuid: CountsDelta(assigned=-number, activated=number)
            for plan_uuid, number in numbers.items()
        }
        change_counts(session, deltas)
        changes = {"status": (LicenseStatus.ASSIGNED, LicenseStatus.ACTIVATED)}
        events = [
            LicenseActivated(
                object_id=each.uuid,
                enterprise_uuid=enterprise_uuid,
                changes=changes,
                data=each,
                email=str(each.user_email),
            )
            for each in activated
        ]
        publish(session, actor, events, at=at)
    return activated


def revoke(
    session: Session, actor: Actor, command: RevokeLicenses, *, at: datetime | None = None
) -> int:
    """How many licenses. Raises NoLiveLicense and TooManyRevocations."""
    plan = lock_plan(session, command.enterprise_uuid, command.plan_uuid)
    rows = queries.live_rows(session, plan.uuid, command.emails)
    _require_all(plan, command.emails, {row.user_email for row in rows}, LIVE)
    return _revoke_locked(session, actor, plan, rows, at or clock.now())


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
    return _revoke_locked(session, actor, plan, rows, at or clock.now())


def _revoke_locked(
    session: Session, actor: Actor, plan: LockedPlan, rows: Sequence[AnyRow], at: datetime
) -> int:
    """For good: the plan gets a new license for each one that it loses."""
    number = len(rows)
    activated = sum(row.status == LicenseStatus.ACTIVATED for row in rows)
    if plan.revocations is not None and activated > max(0, plan.revocations.remaining):
        raise TooManyRevocations(plan.uuid, activated, plan.revocations.remaining)
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


def link_accounts(
    session: Session, actor: Actor, command: LinkAccounts, *, at: datetime | None = None
) -> int:
    """How many licenses got another account."""
    at = at or clock.now()
    given = given_rows(session, {"email": String(), "user_id": BigInteger()}, command.accounts)
    differs = (
        (licenses.enterprise_uuid == command.enterprise_uuid)
        & (licenses.user_email == given.c.email)
        & IS_LIVE
        & licenses.lms_user_id.is_distinct_from(given.c.user_id)
    )
    plans = select(licenses.plan_uuid).join_from(License.__table__, given, differs).distinct()
    plan_uuids = session.execute(plans).scalars().all()
    if not plan_uuids:
        return 0
    lock_plans(session, plan_uuids)
    # Asked again under the locks: what was revoked meanwhile keeps the account it had.
    statement = select(*SHOWN, given.c.user_id).join_from(License.__table__, given, differs)
    rows = session.connection().execute(statement).all()
    seats.write_accounts(session, {row.uuid: row.user_id for row in rows}, at)
    events = [
        LicenseLinked(
            object_id=row.uuid,
            enterprise_uuid=command.enterprise_uuid,
            changes={"lms_user_id": (row.lms_user_id, row.user_id)},
            data=msgspec.structs.replace(license_item(row), lms_user_id=row.user_id),
            email=row.user_email,
        )
        for row in rows
    ]
    publish(session, actor, events, at=at)
    return len(rows)
