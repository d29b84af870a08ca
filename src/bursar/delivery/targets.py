"""What concerns all deliveries to one target, such as an endpoint.

Every function expects the caller's transaction.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import CursorResult, Table, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.database.bulk import is_any_of
from bursar.database.types import AnyRow
from bursar.delivery import lease
from bursar.delivery.channel import NewDelivery, QueuedDelivery
from bursar.delivery.lease import Lease
from bursar.delivery.models import Channel, Delivery, DeliveryStatus

_TABLE: Final = cast("Table", Delivery.__table__)
_ROW: Final = _TABLE.c
_IS_PENDING: Final = _ROW.status == DeliveryStatus.PENDING.value
_REPLACE: Final = (
    update(_TABLE)
    .where(_ROW.uuid == bindparam("known"))
    .values(event_uuid=bindparam("new_event"), context=bindparam("new_context"))
)
BATCH: Final = 1_000


def drop_leased(
    session: Session,
    deliveries: Sequence[QueuedDelivery],
    until: datetime,
    now: datetime,
    *,
    reason: str,
) -> int:
    """Takes back what the lease with this end still covers, and returns how many those were. The
    reason is a sentence."""
    values = {
        "status": DeliveryStatus.DROPPED.value,
        "finished_at": now,
        "claimed_until": None,
        "error": reason,
    }
    return lease.change(session, deliveries, until, values, _IS_PENDING)


def drop_for_target(session: Session, target: UUID, now: datetime, *, reason: str) -> int:
    """Takes back all that waits for a target, and returns how many those were."""
    result = session.execute(
        update(_TABLE)
        .where(_ROW.target_uuid == target, _IS_PENDING)
        .values(status=DeliveryStatus.DROPPED.value, finished_at=now, error=reason)
    )
    return cast("CursorResult[tuple[()]]", result).rowcount


def postpone_for_target(session: Session, target: UUID, now: datetime, until: datetime) -> None:
    """Nothing that is due and that nobody has is sent to this target before `until`."""
    session.execute(
        update(_TABLE)
        .where(
            _ROW.target_uuid == target,
            _IS_PENDING,
            _ROW.next_attempt_at <= now,
            or_(_ROW.claimed_until.is_(None), _ROW.claimed_until <= now),
        )
        .values(next_attempt_at=until)
    )


def replace_waiting(session: Session, deliveries: Sequence[NewDelivery]) -> set[UUID]:
    """Has what waits under these uuids, and was not tried yet, tell of these events instead.
    Returns the uuids that are known, whatever has become of them: those are not queued again."""
    known = set[UUID]()
    for some in batched(deliveries, BATCH):
        uuids = [each.uuid for each in some]
        rows = session.execute(
            select(_ROW.uuid, _ROW.status, _ROW.attempted, _ROW.claimed_until)
            .where(is_any_of(session, Delivery.uuid, uuids))
            .order_by(_ROW.id)
            .with_for_update()
        ).all()
        known |= {row.uuid for row in rows}
        untried = {row.uuid for row in rows if _is_untried(row)}
        told = [
            {"known": each.uuid, "new_event": each.event_uuid, "new_context": each.context}
            for each in some
            if each.uuid in untried
        ]
        if told:
            session.connection().execute(_REPLACE, told)
    return known


def _is_untried(row: AnyRow) -> bool:
    return row.status == DeliveryStatus.PENDING and row.attempted == 0 and row.claimed_until is None


def count_waiting(session: Session, target: UUID) -> int:
    """How many deliveries wait for a target."""
    waiting = select(func.count()).where(_ROW.target_uuid == target, _IS_PENDING)
    return session.execute(waiting).scalar_one()


def leave_to_others(
    session: Session, channel: Channel, taken: Lease, own: Collection[datetime], now: datetime
) -> Lease:
    """Gives back deliveries to targets for which another worker has some now, and returns the rest.
    `own` are the ends of the worker's earlier leases. Two workers that take at the same time must
    wait for each other, or they would not see what the other has taken."""
    targets = {each.target_uuid for each in taken.deliveries}
    if not targets:
        return taken
    busy = set(
        session.scalars(
            select(_ROW.target_uuid)
            .where(
                _IS_PENDING,
                _ROW.channel == channel.value,
                _ROW.target_uuid.in_(targets),
                _ROW.claimed_until > now,
                _ROW.claimed_until.not_in({*own, taken.until}),
            )
            .distinct()
        )
    )
    theirs = [each for each in taken.deliveries if each.target_uuid in busy]
    if theirs:
        lease.release(session, theirs, taken.until)
    taken.deliveries = [each for each in taken.deliveries if each.target_uuid not in busy]
    return taken
