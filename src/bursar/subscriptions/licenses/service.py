"""The front door of licenses: they are assigned, activated, revoked, and learners are reminded.

Every change expects the caller's transaction, and holds the locks of the plans it touches until
that ends. `at` is the instant at which the change happens; None is now.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, String, select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.clock import format_instant
from bursar.database.pipelines import in_one_go
from bursar.database.rows import given_rows
from bursar.events.service import publish
from bursar.learners.service import find_learners
from bursar.subscriptions.licenses import queries, seats
from bursar.subscriptions.licenses.claimed import ClaimedLicense, find_claimed
from bursar.subscriptions.licenses.commands import (
    ActivateLicense,
    ActivateLicenses,
    AssignedLicenses,
    AssignLicenses,
    LinkAccounts,
)
from bursar.subscriptions.licenses.events import (
    LicenseActivated,
    LicenseAssigned,
    LicenseLinked,
)
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.queries import (
    IS_LIVE,
    SHOWN,
    find_live_licenses,
    find_usable_licenses,
    hold_activated,
    is_any_assigned,
    lasting_among,
    licenses,
    live_among,
)
from bursar.subscriptions.licenses.reading import (
    addresses_with_license,
    all_licenses,
    count_by_status,
    csv_file,
    csv_header,
    csv_lines,
    licenses_of_person,
    list_licenses,
)
from bursar.subscriptions.licenses.refusals import (
    LearnersDeactivated,
    NotActivatable,
    NotEnoughLicenses,
    PlanUnusable,
)
from bursar.subscriptions.licenses.reminders import remind
from bursar.subscriptions.licenses.revocation import (
    revoke,
    revoke_matching,
    revoke_what_can_be,
)
from bursar.subscriptions.licenses.selected import remind_selected, revoke_selected
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.licenses.views import LicenseItem, license_item
from bursar.subscriptions.plans.locking import (
    CountsDelta,
    LockedPlan,
    change_counts,
    lock_plan,
    lock_plans,
)
from bursar.subscriptions.plans.rules import why_unassignable, why_unusable
from bursar.subscriptions.plans.seats_low import seats_after, tell_if_low

__all__ = [
    "ClaimedLicense",
    "activate",
    "activate_several",
    "addresses_with_license",
    "all_licenses",
    "assign",
    "count_by_status",
    "csv_file",
    "csv_header",
    "csv_lines",
    "find_claimed",
    "find_live_licenses",
    "find_usable_licenses",
    "hold_activated",
    "is_any_assigned",
    "lasting_among",
    "licenses_of_person",
    "link_accounts",
    "list_licenses",
    "live_among",
    "remind",
    "remind_selected",
    "revoke",
    "revoke_matching",
    "revoke_selected",
    "revoke_what_can_be",
]


def assign(
    session: Session, actor: Actor, command: AssignLicenses, *, at: datetime | None = None
) -> AssignedLicenses:
    """Raises PlanUnusable, LearnersDeactivated and NotEnoughLicenses."""
    at = at or clock.now()
    emails = list(command.sfids)
    plan = lock_plan(session, command.enterprise_uuid, command.plan_uuid)
    # Under the lock, which whoever deactivates a learner has taken too.
    learners = find_learners(session, command.enterprise_uuid, emails)
    if reason := why_unassignable(plan.terms, at):
        raise PlanUnusable(plan.uuid, reason)
    holders = {row.user_email for row in queries.live_rows(session, plan.uuid, emails)}
    new = [email for email in emails if email not in holders]
    if gone := [email for email in new if email in learners and learners[email].deactivated_at]:
        raise LearnersDeactivated(plan.uuid, gone)
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
        tell_if_low(session, actor, plan.uuid, plan.seats, seats_after(plan.seats, delta), at=at)
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
