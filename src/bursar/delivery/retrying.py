"""Makes mails due again that were given up, or that wait for their next attempt."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.batches import batched
from bursar.database.bulk import is_any_of
from bursar.database.types import AnyRow
from bursar.delivery.events import MailRetried
from bursar.delivery.models import Mail, MailStatus
from bursar.delivery.refusals import MailNotRetried, UnknownMail
from bursar.events.service import publish

BATCH: Final = 1_000
_MAILS: Final = cast("Table", Mail.__table__)


def retry(session: Session, actor: Actor, uuids: Sequence[UUID], at: datetime) -> None:
    """Makes the mails due at `at`, all of them or none.

    A mail that is being sent right now stays with its worker. Raises UnknownMail and
    MailNotRetried.
    """
    for some in batched(list(dict.fromkeys(uuids)), BATCH):
        _retry(session, actor, some, at)


def failed_since(session: Session, since: datetime, enterprise_uuid: UUID | None) -> Sequence[UUID]:
    """The mails that were given up at this instant or later and can be sent again, oldest first."""
    statement = (
        select(_MAILS.c.uuid, _MAILS.c.context)
        .where(_MAILS.c.status == MailStatus.FAILED.value, _MAILS.c.finished_at >= since)
        .order_by(_MAILS.c.id)
    )
    if enterprise_uuid is not None:
        statement = statement.where(_MAILS.c.enterprise_uuid == enterprise_uuid)
    return [row.uuid for row in session.execute(statement) if row.context]


def _retry(session: Session, actor: Actor, uuids: Sequence[UUID], at: datetime) -> None:
    statement = (
        select(*_MAILS.c)
        .where(is_any_of(session, Mail.uuid, uuids))
        .order_by(_MAILS.c.id)
        .with_for_update()
    )
    found = {row.uuid: row for row in session.execute(statement)}
    for uuid in uuids:
        if uuid not in found:
            raise UnknownMail(uuid)
        _refuse_finished(found[uuid])
    session.execute(
        update(_MAILS)
        .where(is_any_of(session, Mail.uuid, uuids))
        .values(
            status=MailStatus.PENDING.value,
            # A mail that was given up has all of its attempts before it again.
            attempts=0,
            next_attempt_at=at,
            finished_at=None,
        )
    )
    publish(session, actor, [_retried(found[uuid]) for uuid in uuids], at=at)


def _refuse_finished(mail: AnyRow) -> None:
    if mail.status == MailStatus.DELIVERED:
        raise MailNotRetried(mail.uuid, "it was delivered.")
    if mail.status == MailStatus.DROPPED:
        reason = mail.error or "What it says is no longer true."
        raise MailNotRetried(mail.uuid, f"it was dropped. {reason}")
    if mail.status == MailStatus.FAILED and not mail.context:
        raise MailNotRetried(mail.uuid, "what it said is no longer kept.")


def _retried(mail: AnyRow) -> MailRetried:
    return MailRetried(
        object_id=mail.uuid,
        enterprise_uuid=mail.enterprise_uuid,
        changes={
            "status": (mail.status, MailStatus.PENDING.value),
            "attempts": (mail.attempts, 0),
        },
    )
