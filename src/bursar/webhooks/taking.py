"""Takes what is due, with all that is needed to send it. Expects the caller's transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.database.types import AnyRow
from bursar.delivery.service import (
    MARGIN,
    Channel,
    Lease,
    QueuedDelivery,
    drop_leased,
    leave_to_others,
    take,
)
from bursar.events.cursors import cursor_of
from bursar.events.models import EventPosition, EventReader, EventRecord
from bursar.events.wire import wire
from bursar.identity.sealing import Seal
from bursar.outgoing.reply import DEADLINE
from bursar.webhooks.models import WebhookEndpoint
from bursar.webhooks.sealed import live_secrets
from bursar.webhooks.writing import READER

LEASE: Final = timedelta(seconds=DEADLINE) + MARGIN
PER_TARGET: Final = 50
"""Deliveries of one endpoint that are taken at once: enough to be busy until more are taken."""
NOT_IN_USE: Final = "The endpoint is disabled or deleted."
NOT_KEPT: Final = "The event is no longer kept."

_endpoint: Final = WebhookEndpoint.__table__.c
_place: Final = EventPosition.__table__.c
_event: Final = EventRecord.__table__.c


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint as it is when something is sent to it."""

    uuid: UUID
    url: str
    secrets: Sequence[str]
    """The live ones; none when no secret of the installation opens them."""
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class Work:
    """One request that is to be sent."""

    delivery: QueuedDelivery
    lease: Lease
    target: Target
    message_id: str
    body: str


def take_work(
    session: Session, seal: Seal, now: datetime, *, limit: int, own: Collection[datetime]
) -> list[Work]:
    """What to send now, by turns over enterprises and endpoints; what nobody wants any more is
    dropped. `own` are the ends of the worker's leases: an endpoint for which another worker has
    deliveries is left to that one, so that the limit of requests at a time holds for all workers
    together."""
    # One worker after the other, so that each sees what the others have taken.
    session.execute(select(EventReader.name).where(EventReader.name == READER).with_for_update())
    lease = take(session, Channel.WEBHOOK, now, duration=LEASE, limit=limit, per_target=PER_TARGET)
    lease = leave_to_others(session, Channel.WEBHOOK, lease, own, now)
    return _prepared(session, seal, lease, now)


def _prepared(session: Session, seal: Seal, lease: Lease, now: datetime) -> list[Work]:
    targets = _targets(session, seal, {_target_of(each) for each in lease.deliveries}, now)
    bodies = _bodies(session, [each.context.get("position") for each in lease.deliveries])
    work, unwanted, forgotten = list[Work](), list[QueuedDelivery](), list[QueuedDelivery]()
    for delivery in lease.deliveries:
        target = targets.get(_target_of(delivery))
        event = bodies.get(delivery.context.get("position", 0))
        if target is None:
            unwanted.append(delivery)
        elif event is None:
            forgotten.append(delivery)
        else:
            work.append(Work(delivery, lease, target, *event))
    for dropped, reason in ((unwanted, NOT_IN_USE), (forgotten, NOT_KEPT)):
        if dropped:
            drop_leased(session, dropped, lease.until, now, reason=reason)
    return work


def _target_of(delivery: QueuedDelivery) -> UUID:
    # A delivery without an endpoint is one to an endpoint that there is not.
    return delivery.target_uuid or delivery.uuid


def _targets(
    session: Session, seal: Seal, uuids: Collection[UUID], now: datetime
) -> Mapping[UUID, Target]:
    if not uuids:
        return {}
    rows = session.execute(
        select(_endpoint.uuid, _endpoint.url, _endpoint.failing_since).where(
            _endpoint.uuid.in_(uuids),
            _endpoint.disabled_at.is_(None),
            _endpoint.deleted_at.is_(None),
        )
    ).all()
    secrets = live_secrets(session.connection(), seal, [row.uuid for row in rows], now)
    return {
        row.uuid: Target(row.uuid, row.url, secrets.get(row.uuid, []), row.failing_since)
        for row in rows
    }


def _bodies(session: Session, positions: Sequence[int | None]) -> Mapping[int, tuple[str, str]]:
    """The id and the text of each event that is still kept, by its position."""
    known = {each for each in positions if each is not None}
    if not known:
        return {}
    rows = session.execute(
        select(_place.position, *_event)
        .join_from(EventPosition, EventRecord, _event.id == _place.event_id)
        .where(_place.position.in_(known), _event.data.is_not(None))
    )
    return {row.position: _message(row) for row in rows}


def _message(row: AnyRow) -> tuple[str, str]:
    shown = wire(row, cursor_of(row.position))
    return shown["id"], msgspec.json.encode(shown).decode()
