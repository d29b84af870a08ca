"""The mail to an enterprise whose endpoint was disabled."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.clock import format_instant
from bursar.delivery.service import Attempt, MailKind, NewMail, QueuedDelivery, enqueue
from bursar.identity.service import find_enterprises
from bursar.outgoing.urls import recipient_of
from bursar.webhooks.events import EndpointDisabled

DISABLED: Final = "webhook-disabled"


def enqueue_disabled(
    session: Session, _actor: Actor, events: Sequence[EndpointDisabled], at: datetime
) -> None:
    """A subscriber: tells the contact of the enterprise, if it has one."""
    uuids = [each.data.enterprise_customer_uuid for each in events]
    enterprises = find_enterprises(session.connection(), uuids)
    mails = [
        _mail(each, address)
        for each in events
        if (address := enterprises[each.data.enterprise_customer_uuid].contact_email)
    ]
    if mails:
        enqueue(session, mails, at)


def _mail(event: EndpointDisabled, address: str) -> NewMail:
    endpoint = event.data
    failing_since = endpoint.failing_since
    context = {
        "url": recipient_of(endpoint.url),
        "description": endpoint.description,
        "reason": endpoint.disabled_reason,
        "failing_since": None if failing_since is None else format_instant(failing_since),
    }
    return NewMail(DISABLED, endpoint.enterprise_customer_uuid, endpoint.uuid, address, context)


def _always_true(_session: Session, _mails: Sequence[QueuedDelivery]) -> Mapping[UUID, str]:
    """Whoever enabled the endpoint meanwhile still wants to know what it has missed."""
    return {}


def _keep_no_record(_session: Session, _attempts: Sequence[Attempt], _now: datetime) -> None:
    """The mail's own row says what came of it."""


MAIL_KINDS: Final = (
    MailKind(DISABLED, "bursar.webhooks", _always_true, _keep_no_record, is_for_learners=False),
)
