"""Makes deliveries due again that were given up, or that wait for their next attempt."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.batches import batched
from bursar.database.bulk import is_any_of
from bursar.database.types import AnyRow
from bursar.delivery.events import DeliveryRetried, MailRetried
from bursar.delivery.models import Channel, Delivery, DeliveryStatus
from bursar.delivery.queries import conditions_of
from bursar.delivery.refusals import NotRetried, OtherCount, UnknownDelivery, UnknownMail
from bursar.delivery.views import DeliverySearch
from bursar.events.service import publish

BATCH: Final = 1_000
_DELIVERIES: Final = cast("Table", Delivery.__table__)


def retry(
    session: Session,
    actor: Actor,
    uuids: Sequence[UUID],
    at: datetime,
    *,
    channel: Channel | None = None,
) -> None:
    """Makes the deliveries due at `at`, all of them or none. With a channel, others are unknown.

    One that is being sent right now stays with its worker. Raises UnknownDelivery (of mails:
    UnknownMail) and NotRetried.
    """
    for some in batched(list(dict.fromkeys(uuids)), BATCH):
        _retry(session, actor, some, at, channel)


def failed_since(
    session: Session,
    since: datetime,
    enterprise_uuid: UUID | None,
    *,
    channel: Channel | None = None,
) -> Sequence[UUID]:
    """Those that were given up at this instant or later and can be sent again, oldest first."""
    statement = (
        select(_DELIVERIES.c.uuid, _DELIVERIES.c.channel, _DELIVERIES.c.context)
        .where(
            _DELIVERIES.c.status == DeliveryStatus.FAILED.value, _DELIVERIES.c.finished_at >= since
        )
        .order_by(_DELIVERIES.c.id)
    )
    if enterprise_uuid is not None:
        statement = statement.where(_DELIVERIES.c.enterprise_uuid == enterprise_uuid)
    if channel is not None:
        statement = statement.where(_DELIVERIES.c.channel == channel.value)
    return [row.uuid for row in session.execute(statement) if not _is_forgotten(row)]


def to_resend(session: Session, search: DeliverySearch) -> Sequence[AnyRow]:
    """What was delivered or given up and can be sent again, locked, oldest first.

    Dropped ones are not among them: they were no longer true. Mails are not whose text is no longer
    kept.
    """
    done = (DeliveryStatus.DELIVERED.value, DeliveryStatus.FAILED.value)
    statement = (
        select(*_DELIVERIES.c)
        .where(*conditions_of(search), _DELIVERIES.c.status.in_(done))
        .order_by(_DELIVERIES.c.id)
        .with_for_update()
    )
    return [row for row in session.execute(statement) if not _is_forgotten(row)]


def resend(
    session: Session, actor: Actor, search: DeliverySearch, at: datetime, *, expected: int
) -> int:
    """Makes due at `at` what was delivered or given up, as often as receivers lost it. Whoever gets
    it twice knows it by its id. Raises OtherCount when there are not as many as expected."""
    rows = to_resend(session, search)
    if len(rows) != expected:
        raise OtherCount(len(rows), expected)
    for some in batched(rows, BATCH):
        make_due(session, actor, some, at)
    return len(rows)


def _is_forgotten(row: AnyRow) -> bool:
    """Whether what a mail said is no longer kept. Others are made of what they tell of."""
    return row.channel == Channel.MAIL and not row.context


def _retry(
    session: Session,
    actor: Actor,
    uuids: Sequence[UUID],
    at: datetime,
    channel: Channel | None,
) -> None:
    statement = (
        select(*_DELIVERIES.c)
        .where(is_any_of(session, Delivery.uuid, uuids))
        .order_by(_DELIVERIES.c.id)
        .with_for_update()
    )
    if channel is not None:
        statement = statement.where(_DELIVERIES.c.channel == channel.value)
    found = {row.uuid: row for row in session.execute(statement)}
    for uuid in uuids:
        if uuid not in found:
            raise UnknownMail(uuid) if channel is Channel.MAIL else UnknownDelivery(uuid)
        _refuse_finished(found[uuid])
    make_due(session, actor, list(found.values()), at)


def make_due(session: Session, actor: Actor, rows: Sequence[AnyRow], at: datetime) -> None:
    """The rows are locked."""
    session.execute(
        update(_DELIVERIES)
        .where(is_any_of(session, Delivery.id, [row.id for row in rows]))
        .values(
            status=DeliveryStatus.PENDING.value,
            # What was given up has all of its attempts before it again.
            attempts=0,
            next_attempt_at=at - clock.ahead(),
            finished_at=None,
        )
    )
    publish(session, actor, [_retried(row) for row in rows], at=at)


def _refuse_finished(row: AnyRow) -> None:
    if row.status == DeliveryStatus.DELIVERED:
        raise NotRetried(row.uuid, "it was delivered.")
    if row.status == DeliveryStatus.DROPPED:
        reason = row.error or "What it says is no longer true."
        raise NotRetried(row.uuid, f"it was dropped. {reason}")
    if row.status == DeliveryStatus.FAILED and _is_forgotten(row):
        raise NotRetried(row.uuid, "what it said is no longer kept.")


def _retried(row: AnyRow) -> MailRetried | DeliveryRetried:
    kind = MailRetried if row.channel == Channel.MAIL else DeliveryRetried
    return kind(
        object_id=row.uuid,
        enterprise_uuid=row.enterprise_uuid,
        changes={
            "status": (row.status, DeliveryStatus.PENDING.value),
            "attempts": (row.attempts, 0),
        },
    )
