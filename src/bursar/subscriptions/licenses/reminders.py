"""Reminders: learners are told once more of a license that they have not used yet."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.database.types import AnyRow
from bursar.events.service import publish
from bursar.subscriptions.licenses import queries
from bursar.subscriptions.licenses.commands import RemindLearners
from bursar.subscriptions.licenses.events import LicenseReminded
from bursar.subscriptions.licenses.rules import require_all
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.licenses.views import license_item
from bursar.subscriptions.plans.locking import LockedPlan, lock_plan

ASSIGNED: Final = (LicenseStatus.ASSIGNED,)


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
    require_all(plan.uuid, command.emails, rows.keys(), ASSIGNED)
    return tell(session, actor, plan, [rows[email] for email in command.emails], at)


def tell(
    session: Session, actor: Actor, plan: LockedPlan, rows: Sequence[AnyRow], at: datetime
) -> int:
    events = [
        LicenseReminded(
            object_id=row.uuid,
            enterprise_uuid=plan.enterprise_uuid,
            data=license_item(row),
            email=row.user_email,
            plan_title=plan.title,
            plan_expiration=plan.terms.expiration_date,
        )
        for row in rows
    ]
    publish(session, actor, events, at=at)
    return len(events)
