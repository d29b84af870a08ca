"""Mails about assignments: which event makes which, and when one is still true."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.offers.service import enrollment_link
from bursar.claims.tokens import ClaimKind
from bursar.clock import format_instant
from bursar.credit.assignments.attempts import record_attempts
from bursar.credit.assignments.events import (
    AssignmentAllocated,
    AssignmentCancelled,
    AssignmentEnded,
    AssignmentExpired,
    AssignmentMailed,
    AssignmentReminded,
)
from bursar.credit.assignments.kinds import ALLOCATED, CANCELLED, EXPIRED, REMINDED
from bursar.credit.models import Assignment
from bursar.credit.states import AssignmentState
from bursar.database.bulk import is_any_of
from bursar.database.types import AnyRow
from bursar.delivery import service as delivery
from bursar.delivery.service import MailKind, NewMail, QueuedDelivery
from bursar.events.event import Subscriber


def of_allocated(lms_public_url: str) -> Subscriber[AssignmentAllocated]:
    """The mail about an allocation replaces what waits about an earlier one."""

    def enqueue(
        session: Session, _actor: Actor, events: Sequence[AssignmentAllocated], at: datetime
    ) -> None:
        again = [event.data.uuid for event in events if not event.is_first]
        delivery.drop_pending(session, again, KIND_NAMES, at, reason=_ALLOCATED_AGAIN)
        delivery.enqueue(session, _with_links(ALLOCATED, events, lms_public_url), at)

    return enqueue


def of_reminded(lms_public_url: str) -> Subscriber[AssignmentReminded]:
    def enqueue(
        session: Session, _actor: Actor, events: Sequence[AssignmentReminded], at: datetime
    ) -> None:
        delivery.enqueue(session, _with_links(REMINDED, events, lms_public_url), at)

    return enqueue


def of_cancelled(
    session: Session, _actor: Actor, events: Sequence[AssignmentCancelled], at: datetime
) -> None:
    delivery.enqueue(session, [_mail(CANCELLED, each, each.mail_uuid) for each in events], at)


def of_expired(
    session: Session, _actor: Actor, events: Sequence[AssignmentExpired], at: datetime
) -> None:
    delivery.enqueue(session, [_of_expired(event) for event in events], at)


def _with_links(
    kind: str, events: Sequence[AssignmentMailed], lms_public_url: str
) -> list[NewMail]:
    # Most events of a change have the same course, so its link is made once.
    links: dict[tuple[UUID, str], str] = {}
    mails = []
    for event in events:
        course = (event.catalog_uuid, event.data.content_key)
        if course not in links:
            links[course] = _link(event, lms_public_url)
        mails.append(_mail(kind, event, deadline=_deadline(event), link=links[course]))
    return mails


def _link(event: AssignmentMailed, lms_public_url: str) -> str:
    assert event.enterprise_uuid is not None  # noqa: S101 - an assignment has an enterprise
    return enrollment_link(
        lms_public_url,
        event.enterprise_uuid,
        event.enterprise_slug,
        event.catalog_uuid,
        event.data.content_key,
    )


def _of_expired(event: AssignmentExpired) -> NewMail:
    return _mail(EXPIRED, event, event.mail_uuid, deadline=_deadline(event))


def _deadline(event: AssignmentMailed | AssignmentEnded) -> str:
    return format_instant(event.data.earliest_possible_expiration.date)


def _mail(
    kind: str,
    event: AssignmentMailed | AssignmentEnded,
    uuid: UUID | None = None,
    **context: str,
) -> NewMail:
    data = event.data
    assert event.enterprise_uuid is not None  # noqa: S101 - an assignment has an enterprise
    return NewMail(
        kind,
        event.enterprise_uuid,
        data.uuid,
        data.learner_email,
        {"content_key": data.content_key, "content_title": data.content_title, **context},
        uuid or uuid4(),
    )


_ALLOCATED_AGAIN: Final = "The assignment was allocated again, and a newer mail says so."


def _not_allocated(session: Session, mails: Sequence[QueuedDelivery]) -> dict[UUID, str]:
    """The mails that are not about the current allocation. A later allocation has its own mail."""
    statement = select(
        Assignment.uuid, Assignment.state, Assignment.transaction_uuid, Assignment.allocated_at
    ).where(is_any_of(session, Assignment.uuid, [mail.subject_uuid for mail in mails]))
    found = {row.uuid: row for row in session.execute(statement)}
    reasons = {mail.uuid: _why_untrue(mail, found.get(mail.subject_uuid)) for mail in mails}
    return {uuid: reason for uuid, reason in reasons.items() if reason is not None}


def _why_untrue(mail: QueuedDelivery, assignment: AnyRow | None) -> str | None:
    if assignment is None:
        return "The assignment is gone."
    if assignment.state != AssignmentState.ALLOCATED:
        return f"The assignment is {AssignmentState(assignment.state).value} meanwhile."
    if assignment.transaction_uuid is not None:
        return "The assignment is being redeemed."
    return _ALLOCATED_AGAIN if mail.created_at < assignment.allocated_at else None


def _never(_session: Session, _mails: Sequence[QueuedDelivery]) -> dict[UUID, str]:
    return {}


_TEMPLATES: Final = "bursar.credit.assignments"
MAIL_KINDS: Final = (
    MailKind(ALLOCATED, _TEMPLATES, _not_allocated, record_attempts, ClaimKind.ASSIGNMENT),
    MailKind(REMINDED, _TEMPLATES, _not_allocated, record_attempts, ClaimKind.ASSIGNMENT),
    MailKind(CANCELLED, _TEMPLATES, _never, record_attempts),
    MailKind(EXPIRED, _TEMPLATES, _never, record_attempts),
)
KIND_NAMES: Final = tuple(kind.name for kind in MAIL_KINDS)
