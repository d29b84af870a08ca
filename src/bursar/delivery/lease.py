"""Leases: which deliveries a worker has to itself. Every function expects the caller's transaction.

The end of a lease, `claimed_until`, tells it from every other lease: a worker that still finds its
own end in the row still has the delivery, because whoever took it over wrote a later end. A lease
is never renewed: it is longer than the longest attempt, and an attempt begins only while there is
room for a whole one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Final, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Table,
    and_,
    select,
    update,
)
from sqlalchemy.orm import Session

from bursar.database.bulk import is_any_of
from bursar.database.types import AnyRow
from bursar.delivery import turns
from bursar.delivery.channel import QueuedDelivery
from bursar.delivery.models import Channel, Delivery, DeliveryStatus

SENT_UNRECORDED: Final = "sent, but not recorded yet"
"""The error of a delivery that must not be sent again, because only its record is missing."""

_TABLE: Final = cast("Table", Delivery.__table__)
_ROW: Final = _TABLE.c


@dataclass(slots=True)
class Lease:
    """The deliveries that one worker has until an instant."""

    until: datetime
    duration: timedelta
    deliveries: list[QueuedDelivery] = field(default_factory=list)
    sent: list[QueuedDelivery] = field(default_factory=list)
    """Those that were sent before, and whose record is missing."""
    taken: float = field(default_factory=monotonic)
    """By a clock that nobody can set back."""

    @property
    def is_empty(self) -> bool:
        return not self.deliveries and not self.sent

    def has_room_for(self, seconds: float) -> bool:
        """Whether an attempt that takes so long would end before the lease does."""
        return monotonic() - self.taken + seconds <= self.duration.total_seconds()


def is_any_due(
    connection: Connection, channel: Channel, now: datetime, *, kinds: Sequence[str] | None = None
) -> bool:
    """Reads only, so that SQLite's only writer is not disturbed while there is nothing to do."""
    statement = turns.any_due(
        connection.dialect.name, of_mail=channel is Channel.MAIL, has_kinds=kinds is not None
    )
    return connection.scalar(statement, turns.parameters(channel, now, 1, kinds=kinds)) is not None


def take(
    session: Session,
    channel: Channel,
    now: datetime,
    *,
    duration: timedelta,
    limit: int,
    kinds: Sequence[str] | None = None,
    per_target: int | None = None,
    after: UUID | None = None,
) -> Lease:
    """Leases deliveries of a channel that are due and that nobody has, of these kinds if some are
    named: by turns, so that no enterprise waits for another one's queue, and no target for another
    one's. Of one target, those come first that waited longest.

    `per_target` limits how many deliveries of one target, or of one enterprise where there is no
    target, are leased at the same time. `after` is the enterprise whose turn was the last one: the
    next one begins, which matters to whoever releases what it has not begun.
    """
    dialect = session.get_bind().dialect.name
    statement = turns.due_by_turns(
        dialect,
        of_mail=channel is Channel.MAIL,
        has_kinds=kinds is not None,
        is_limited=per_target is not None,
        goes_on=after is not None,
    )
    parameters = turns.parameters(
        channel, now, limit, kinds=kinds, per_target=per_target, after=after
    )
    rows = session.connection().execute(statement, parameters).all()
    lease = Lease(now + duration, duration)
    for row in rows:
        (lease.sent if row.error == SENT_UNRECORDED else lease.deliveries).append(queued(row))
    if rows:
        session.execute(
            update(_TABLE)
            .where(is_any_of(session, Delivery.id, [row.id for row in rows]))
            .values(claimed_until=lease.until)
        )
    return lease


def queued(row: AnyRow) -> QueuedDelivery:
    """Of a row with all columns."""
    return QueuedDelivery(
        id=row.id,
        uuid=row.uuid,
        enterprise_uuid=row.enterprise_uuid,
        kind=row.kind,
        subject_uuid=row.subject_uuid,
        recipient=row.recipient,
        context=row.context,
        attempts=row.attempts,
        created_at=row.created_at,
        channel=row.channel,
        target_uuid=row.target_uuid,
        event_uuid=row.event_uuid,
        attempted=row.attempted,
    )


def _leased(
    session: Session, deliveries: Sequence[QueuedDelivery], until: datetime
) -> ColumnElement[bool]:
    """Those that the lease still covers, whatever their status has become."""
    mine = is_any_of(session, Delivery.id, [delivery.id for delivery in deliveries])
    return and_(mine, _ROW.claimed_until == until)


def statuses(
    session: Session, deliveries: Sequence[QueuedDelivery], until: datetime, *, lock: bool = False
) -> Mapping[int, DeliveryStatus]:
    """The status by id of each delivery that the lease still covers. With `lock`, nobody else
    changes these until the transaction ends."""
    statement = select(_ROW.id, _ROW.status).where(_leased(session, deliveries, until))
    if lock:
        statement = statement.order_by(_ROW.id).with_for_update()
    return {row.id: DeliveryStatus(row.status) for row in session.execute(statement)}


def release(session: Session, deliveries: Sequence[QueuedDelivery], until: datetime) -> None:
    """Lets other workers have them at once."""
    change(session, deliveries, until, {"claimed_until": None})


def change(
    session: Session,
    deliveries: Sequence[QueuedDelivery],
    until: datetime,
    values: Mapping[str, object],
    *conditions: ColumnElement[bool],
) -> int:
    """Updates those that the lease still covers, and returns how many those were."""
    mine = _leased(session, deliveries, until)
    result = session.execute(update(_TABLE).where(mine, *conditions).values(**values))
    return cast("CursorResult[tuple[()]]", result).rowcount
