"""Turns events into deliveries, as a reader of the log: each event once for each endpoint that
wants it, in the transaction that moves the reader on."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import Connection, exists, func, select
from sqlalchemy.orm import Session

from bursar.database.types import AnyRow
from bursar.delivery.service import Channel, NewDelivery, enqueue_deliveries
from bursar.events.log import read_new
from bursar.events.models import EventReader, EventSequence
from bursar.outgoing.urls import recipient_of
from bursar.webhooks.events import EndpointPinged
from bursar.webhooks.models import WebhookEndpoint
from bursar.webhooks.selection import wants
from bursar.webhooks.writing import READER

BATCH: Final = 1_000
"""Events that are read in one transaction."""

_endpoint: Final = WebhookEndpoint.__table__.c


def fan_out(session: Session, at: datetime) -> bool:
    """Whether there may be more. Does nothing while another worker is at it."""
    page = read_new(session, READER, (), BATCH)
    if page is None:
        return False
    enqueue_deliveries(session, list(_wanted(session, page.events)), at)
    return page.has_more


def is_behind(connection: Connection) -> tuple[bool, bool]:
    """Whether there are events that were not read, and replays that go on. A reader that is new is
    behind, so that it gets its place. One statement, which only reads."""
    newest = select(EventSequence.last_position).scalar_subquery()
    read = select(EventReader.position).where(EventReader.name == READER).scalar_subquery()
    replay = exists().where(_endpoint.replay_position.is_not(None))
    row = connection.execute(select(func.coalesce(read, -1) < newest, replay)).one()
    return bool(row[0]), bool(row[1])


def _wanted(session: Session, events: Sequence[AnyRow]) -> Iterable[NewDelivery]:
    endpoints = _enabled(session, {each.enterprise_uuid for each in events} - {None})
    for event in events:
        for endpoint in endpoints.get(event.enterprise_uuid, ()):
            # What happened before the endpoint was there is not meant for it.
            if event.at >= endpoint.created_at and is_for(endpoint, event):
                yield delivery_of(endpoint, event)


def _enabled(session: Session, enterprises: Collection[UUID]) -> Mapping[UUID, list[AnyRow]]:
    if not enterprises:
        return {}
    rows = session.execute(
        select(*_endpoint).where(
            _endpoint.enterprise_uuid.in_(enterprises),
            _endpoint.disabled_at.is_(None),
            _endpoint.deleted_at.is_(None),
        )
    )
    found: defaultdict[UUID, list[AnyRow]] = defaultdict(list)
    for row in rows:
        found[row.enterprise_uuid].append(row)
    return found


def is_for(endpoint: AnyRow | WebhookEndpoint, event: AnyRow) -> bool:
    if event.type == EndpointPinged.type:
        return bool(event.object_id == str(endpoint.uuid))
    return wants(endpoint.event_types, event.type)


def delivery_of(endpoint: AnyRow | WebhookEndpoint, event: AnyRow) -> NewDelivery:
    return NewDelivery(
        channel=Channel.WEBHOOK,
        kind=event.type,
        enterprise_uuid=endpoint.enterprise_uuid,
        subject_uuid=_subject(event),
        recipient=recipient_of(endpoint.url),
        target_uuid=endpoint.uuid,
        event_uuid=event.uuid,
        # The event itself is read when it is sent.
        context={"position": event.position},
    )


def _subject(event: AnyRow) -> UUID:
    """The object of the event. Those that have no uuid, such as clients, get one by their names."""
    try:
        return UUID(event.object_id)
    except ValueError:
        return uuid5(event.enterprise_uuid, event.object_id)
