"""Mails about licences, and when they are still true."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.database.bulk import is_any_of
from bursar.notifications.kinds import Attempt, MailKind, QueuedMail
from bursar.notifications.service import NewMail
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.seats import IS_LIVE, licenses
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.locking import LockedPlan

ASSIGNED: Final = "license-assigned"
REMINDER: Final = "license-reminder"


def of_assigned(
    plan: LockedPlan, license_uuid: UUID, email: str, greeting: str, closing: str
) -> NewMail:
    context = {**_context(plan), "greeting": greeting, "closing": closing}
    return NewMail(ASSIGNED, plan.enterprise_uuid, license_uuid, email, context)


def of_reminded(plan: LockedPlan, license_uuid: UUID, email: str) -> NewMail:
    return NewMail(REMINDER, plan.enterprise_uuid, license_uuid, email, _context(plan))


def _context(plan: LockedPlan) -> dict[str, Any]:
    return {
        "plan_title": plan.title,
        "expiration_date": clock.format_instant(plan.terms.expiration_date),
    }


def _of_live(session: Session, mails: Sequence[QueuedMail]) -> set[UUID]:
    return _with(session, mails, lambda _status: True)


def _of_unused(session: Session, mails: Sequence[QueuedMail]) -> set[UUID]:
    return _with(session, mails, lambda status: status == LicenseStatus.ASSIGNED)


def _with(
    session: Session, mails: Sequence[QueuedMail], is_wanted: Callable[[str], bool]
) -> set[UUID]:
    mine = is_any_of(session, License.uuid, [mail.subject_uuid for mail in mails])
    rows = session.execute(select(licenses.uuid, licenses.status).where(mine, IS_LIVE))
    wanted = {row.uuid for row in rows if is_wanted(row.status)}
    return {mail.uuid for mail in mails if mail.subject_uuid in wanted}


def _leave(_session: Session, _attempts: Sequence[Attempt], _now: datetime) -> None:
    """The mail's own row says what came of it."""


MAIL_KINDS: Final = (
    MailKind(ASSIGNED, "bursar.subscriptions.licenses", _of_live, _leave),
    MailKind(REMINDER, "bursar.subscriptions.licenses", _of_unused, _leave),
)
