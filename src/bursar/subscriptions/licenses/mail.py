"""Mails about licenses, and when they are still true."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.claims.tokens import ClaimKind
from bursar.clock import format_instant
from bursar.delivery.service import Attempt, MailKind, NewMail, QueuedDelivery, enqueue
from bursar.subscriptions.licenses.events import LicenseAssigned, LicenseReminded
from bursar.subscriptions.licenses.queries import statuses_of_live
from bursar.subscriptions.licenses.states import LicenseStatus

ASSIGNED: Final = "license-assigned"
REMINDER: Final = "license-reminder"
_UNUSED: Final = LicenseStatus.ASSIGNED
_NOT_HELD: Final = "Nobody holds the license any more."
_USED: Final = "The license was activated meanwhile."


def enqueue_assigned(
    session: Session, _actor: Actor, events: Sequence[LicenseAssigned], at: datetime
) -> None:
    """A subscriber: tells the learners, where the change asks for it."""
    mails = [assigned_mail(event) for event in events if event.notify]
    if mails:
        enqueue(session, mails, at)


def enqueue_reminded(
    session: Session, _actor: Actor, events: Sequence[LicenseReminded], at: datetime
) -> None:
    """A subscriber: reminds the learners."""
    enqueue(session, [reminder_mail(event) for event in events], at)


def assigned_mail(event: LicenseAssigned) -> NewMail:
    letter = {"greeting": event.greeting, "closing": event.closing}
    return _mail(ASSIGNED, event, letter)


def reminder_mail(event: LicenseReminded) -> NewMail:
    return _mail(REMINDER, event, {})


def _mail(kind: str, event: LicenseAssigned | LicenseReminded, letter: dict[str, str]) -> NewMail:
    plan = {
        "plan_title": event.plan_title,
        "expiration_date": format_instant(event.plan_expiration),
    }
    return NewMail(kind, event.enterprise_uuid, event.data.uuid, event.email, {**plan, **letter})


def _of_lost(session: Session, mails: Sequence[QueuedDelivery]) -> dict[UUID, str]:
    """The mails whose license nobody holds any more."""
    statuses = statuses_of_live(session, [mail.subject_uuid for mail in mails])
    return {mail.uuid: _NOT_HELD for mail in mails if mail.subject_uuid not in statuses}


def _of_lost_or_used(session: Session, mails: Sequence[QueuedDelivery]) -> dict[UUID, str]:
    """The mails whose license nobody holds any more, or was activated meanwhile."""
    statuses = statuses_of_live(session, [mail.subject_uuid for mail in mails])
    return {
        mail.uuid: _USED if mail.subject_uuid in statuses else _NOT_HELD
        for mail in mails
        if statuses.get(mail.subject_uuid) != _UNUSED
    }


def _keep_no_record(_session: Session, _attempts: Sequence[Attempt], _now: datetime) -> None:
    """The mail's own row says what came of it."""


_TEMPLATES: Final = "bursar.subscriptions.licenses"
MAIL_KINDS: Final = (
    MailKind(ASSIGNED, _TEMPLATES, _of_lost, _keep_no_record, ClaimKind.LICENSE),
    MailKind(REMINDER, _TEMPLATES, _of_lost_or_used, _keep_no_record, ClaimKind.LICENSE),
)
