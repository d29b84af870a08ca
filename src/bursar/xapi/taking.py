"""Takes what is due, with all that is needed to send it. Expects the caller's transaction."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.database.types import AnyRow
from bursar.delivery.service import (
    MARGIN,
    Channel,
    Lease,
    QueuedDelivery,
    drop_leased,
    take,
)
from bursar.identity.sealing import Seal, SealedText
from bursar.xapi.models import Identity, XapiConnection
from bursar.xapi.statements import Statement, Told, statement_of
from bursar.xapi.told import consented, told_at
from bursar.xapi.verbs import Verb

SECONDS: Final = 30.0
"""For one request, from the look-up of the name to the last byte that is read."""
LEASE: Final = timedelta(seconds=10 * SECONDS) + MARGIN
"""For an array, and for its statements one by one where that is necessary. What is left then is
given back."""
PER_ARRAY: Final = 50
MOST_TAKEN: Final = 1_000
"""Deliveries that are taken in one transaction."""
NOT_DECLARED: Final = "No such connection is declared any more."
NOT_KEPT: Final = "The event is no longer kept."
NOT_CONSENTED: Final = "The person does not consent to it."
NOT_NAMED: Final = "What `identity` names people by is not known of this person."
NOT_WANTED: Final = "The connection wants no statements with this verb any more."

_connection: Final = XapiConnection.__table__.c


@dataclass(frozen=True, slots=True)
class Target:
    """A connection as it is when something is sent to it."""

    uuid: UUID
    endpoint: str
    key: str
    secret: str | None
    """None when no secret of the installation opens it."""
    identity: Identity
    verbs: Collection[str] | None
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class Item:
    delivery: QueuedDelivery
    statement: Statement


@dataclass(frozen=True, slots=True)
class Batch:
    """What is sent to one store at once."""

    lease: Lease
    target: Target
    items: Sequence[Item]


def take_batches(session: Session, seal: Seal, lms_url: str, now: datetime) -> list[Batch]:
    """What to send now, by turns over enterprises; what must not be told any more is dropped. A
    store for which somebody has an array gets the next one when that is done."""
    lease = take(session, Channel.XAPI, now, duration=LEASE, limit=MOST_TAKEN, per_target=PER_ARRAY)
    targets = _targets(session, seal, {each.target_uuid for each in lease.deliveries})
    told = told_at(session, [each.context.get("position", 0) for each in lease.deliveries])
    may_be_told = consented(session, list(told.values()), now)
    items = defaultdict[UUID, list[Item]](list)
    dropped = defaultdict[str, list[QueuedDelivery]](list)
    for delivery in lease.deliveries:
        target = targets.get(delivery.target_uuid)
        event = told.get(delivery.context.get("position", 0))
        made = _item(delivery, target, event, may_be_told, lms_url)
        if isinstance(made, str):
            dropped[made].append(delivery)
        elif target is not None:
            items[target.uuid].append(made)
    for reason, some in dropped.items():
        drop_leased(session, some, lease.until, now, reason=reason)
    return [Batch(lease, targets[uuid], some) for uuid, some in items.items()]


def _item(
    delivery: QueuedDelivery,
    target: Target | None,
    told: Told | None,
    may_be_told: Collection[UUID],
    lms_url: str,
) -> Item | str:
    """Why it is not sent, otherwise."""
    if target is None:
        return NOT_DECLARED
    if target.verbs is not None and delivery.kind not in target.verbs:
        return NOT_WANTED
    if told is None:
        return NOT_KEPT
    if told.uuid not in may_be_told:
        return NOT_CONSENTED
    statement = statement_of(told, Verb(delivery.kind), target.identity, lms_url)
    return NOT_NAMED if statement is None else Item(delivery, statement)


def _targets(
    session: Session, seal: Seal, uuids: Collection[UUID | None]
) -> Mapping[UUID | None, Target]:
    if not uuids:
        return {}
    rows = session.execute(select(*_connection).where(_connection.uuid.in_(uuids)))
    return {row.uuid: _target(row, seal) for row in rows}


def _target(row: AnyRow, seal: Seal) -> Target:
    try:
        secret = seal.open_text(row.secret)
    except SealedText:
        secret = None
    return Target(
        row.uuid,
        row.endpoint,
        row.key,
        secret,
        Identity(row.identity),
        row.verbs,
        row.failing_since,
    )
