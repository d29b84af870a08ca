"""Deliveries of one subject, for channels that make something once and send it to several
recipients. Every function expects the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, Table, or_, select, update
from sqlalchemy.orm import Session

from bursar.database.bulk import is_any_of
from bursar.delivery.lease import SENT_UNRECORDED, Lease, queued
from bursar.delivery.models import Channel, Delivery, DeliveryStatus
from bursar.delivery.rules import TOO_FAR_AHEAD

_TABLE: Final = cast("Table", Delivery.__table__)
_ROW: Final = _TABLE.c
_IS_PENDING: Final = _ROW.status == DeliveryStatus.PENDING.value


def take_of_subject(
    session: Session,
    channel: Channel,
    subject_uuid: UUID,
    now: datetime,
    *,
    duration: timedelta,
    is_due: bool = True,
) -> Lease:
    """Leases all that nobody has, and with `is_due` only what is due. With the same instant and
    duration as of another lease, both end at once and can be recorded together."""
    wanted = [_ROW.subject_uuid == subject_uuid, _ROW.channel == channel.value, _IS_PENDING]
    wanted.append(_is_free(now))
    if is_due:
        wanted.append(_ROW.next_attempt_at <= now)
    rows = session.execute(
        select(*_ROW).where(*wanted).order_by(_ROW.id).with_for_update(skip_locked=True)
    ).all()
    lease = Lease(now + duration, duration)
    for row in rows:
        (lease.sent if row.error == SENT_UNRECORDED else lease.deliveries).append(queued(row))
    if rows:
        mine = is_any_of(session, Delivery.id, [row.id for row in rows])
        session.execute(update(_TABLE).where(mine).values(claimed_until=lease.until))
    return lease


def is_being_sent(session: Session, target_uuid: UUID, now: datetime) -> bool:
    """Whether a worker has something for this target now. The rows stay locked, so that nobody
    takes one meanwhile."""
    waiting = select(_ROW.claimed_until).where(_ROW.target_uuid == target_uuid, _IS_PENDING)
    ends = session.scalars(waiting.order_by(_ROW.id).with_for_update())
    return any(end is not None and now < end <= now + TOO_FAR_AHEAD for end in ends)


def drop_of_subjects(
    session: Session, subject_uuids: Sequence[UUID], now: datetime, *, reason: str
) -> int:
    """Takes back what waits, whatever its channel. What is being sent right now counts as
    delivered. The reason is a sentence for the operator, without addresses."""
    values = {"status": DeliveryStatus.DROPPED.value, "finished_at": now, "error": reason}
    waiting = update(_TABLE).where(_ROW.subject_uuid.in_(subject_uuids), _IS_PENDING)
    return cast("CursorResult[tuple[()]]", session.execute(waiting.values(values))).rowcount


def statuses_of(session: Session, subject_uuid: UUID) -> Sequence[DeliveryStatus]:
    """Of all that was queued about the subject."""
    found = session.scalars(select(_ROW.status).where(_ROW.subject_uuid == subject_uuid))
    return [DeliveryStatus(status) for status in found]


def _is_free(now: datetime) -> ColumnElement[bool]:
    end = _ROW.claimed_until
    return or_(end.is_(None), end <= now, end > now + TOO_FAR_AHEAD)
