"""Turns events of enrollments into deliveries, as a reader of the log: a statement each, once, in
the transaction that moves the reader on."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import Connection, exists, func, select
from sqlalchemy.orm import Session

from bursar.database.types import AnyRow
from bursar.delivery.service import (
    Channel,
    NewDelivery,
    enqueue_deliveries,
    replace_waiting,
)
from bursar.events.log import read_new
from bursar.events.models import EventReader, EventSequence
from bursar.outgoing.urls import recipient_of
from bursar.xapi.models import Mode, XapiConnection
from bursar.xapi.verbs import VERBS_OF, Verb, wanted_verbs

READER: Final = "xapi"
"""Of the log of events."""
BATCH: Final = 1_000
"""Events that are read in one transaction."""

_connection: Final = XapiConnection.__table__.c


def fan_out(session: Session, at: datetime) -> bool:
    """Whether there may be more. Does nothing while another worker is at it."""
    page = read_new(session, READER, VERBS_OF, BATCH)
    if page is None:
        return False
    wanted = {each.uuid: each for each in _wanted(session, page.events)}
    of_days = [each for each in wanted.values() if each.kind == Verb.PROGRESSED]
    waiting = replace_waiting(session, of_days)
    new = [each for each in wanted.values() if each.uuid not in waiting]
    enqueue_deliveries(session, new, at)
    return page.has_more


def is_behind(connection: Connection) -> bool:
    """Whether there are events that were not read. Without a connection of any enterprise nothing
    is read. One statement, which only reads."""
    newest = select(EventSequence.last_position).scalar_subquery()
    read = select(EventReader.position).where(EventReader.name == READER).scalar_subquery()
    is_declared = exists().where(_connection.uuid.is_not(None))
    is_behind_now = is_declared & (func.coalesce(read, -1) < newest)
    return bool(connection.execute(select(is_behind_now)).scalar())


def _wanted(session: Session, events: Sequence[AnyRow]) -> Iterator[NewDelivery]:
    """Of one day, the last one of what is told once a day stands last."""
    connections = _connections(session, {each.enterprise_uuid for each in events} - {None})
    for event in events:
        connection = connections.get(event.enterprise_uuid)
        # What happened before the connection was there is not meant for it.
        if connection is None or event.at < connection.created_at or not _is_consented(event):
            continue
        for verb in wanted_verbs(event.type, connection.verbs):
            yield _delivery_of(connection, event, verb)


def _connections(session: Session, enterprises: Collection[UUID]) -> Mapping[UUID, AnyRow]:
    if not enterprises:
        return {}
    mine = select(*_connection).where(_connection.enterprise_uuid.in_(enterprises))
    return {row.enterprise_uuid: row for row in session.execute(mine)}


def _is_consented(event: AnyRow) -> bool:
    """Without consent, the event says nothing of the person. It is asked again at sending."""
    data: dict[str, Any] = msgspec.json.decode(event.data) if event.data else {}
    return data.get("is_consent_granted") is True


def _delivery_of(connection: AnyRow, event: AnyRow, verb: Verb) -> NewDelivery:
    day = event.at.astimezone(UTC).date()
    is_of_day = verb is Verb.PROGRESSED
    waits = is_of_day or connection.mode == Mode.DAILY
    subject = uuid5(event.enterprise_uuid, event.object_id)
    # What is told once a day has one row, whichever event of the day it tells of.
    source = f"{subject}/{day}" if is_of_day else event.uuid
    return NewDelivery(
        channel=Channel.XAPI,
        kind=verb.value,
        enterprise_uuid=connection.enterprise_uuid,
        subject_uuid=subject,
        recipient=recipient_of(connection.endpoint),
        target_uuid=connection.uuid,
        event_uuid=event.uuid,
        # The event itself is read when it is sent.
        context={"position": event.position},
        uuid=uuid5(connection.uuid, f"{source}/{verb}"),
        due_at=_end_of(event.at) if waits else None,
    )


def _end_of(at: datetime) -> datetime:
    day = at.astimezone(UTC).date() + timedelta(days=1)
    return datetime.combine(day, time(), UTC)
