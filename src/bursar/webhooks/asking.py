"""Use cases about what was sent to an endpoint: shown, sent again, and events of the past sent once
more. What changes something expects the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.delivery.refusals import UnknownDelivery
from bursar.delivery.service import (
    AttemptView,
    Channel,
    DeliverySearch,
    DeliveryStatus,
    DeliveryView,
    attempts_of_each,
    retry,
    search_deliveries,
    view_of_delivery,
)
from bursar.events.log import begin_of, newest_position
from bursar.events.models import EventPosition, EventRecord
from bursar.webhooks.commands import Replay
from bursar.webhooks.events import EndpointReplayed
from bursar.webhooks.models import WebhookEndpoint
from bursar.webhooks.refusals import EndpointIsDisabled, ReplayUnderWay, WrongFields
from bursar.webhooks.selection import checked_types
from bursar.webhooks.views import AttemptItem, DeliveryItem, ReplayView
from bursar.webhooks.writing import locked, tell

_place: Final = EventPosition.__table__.c
_event: Final = EventRecord.__table__.c
ONE_OF: Final = "Give either after or since."
IN_FUTURE: Final = "Give an instant that has passed."


def deliveries_of(
    connection: Connection,
    endpoint_uuid: UUID,
    *,
    status: DeliveryStatus | None = None,
    before: int | None = None,
    limit: int,
) -> Sequence[DeliveryItem]:
    """What was or will be sent to an endpoint, the newest first, with all attempts; those before
    one of another page."""
    search = DeliverySearch(
        channel=Channel.WEBHOOK, target_uuid=endpoint_uuid, status=status, before=before
    )
    found = search_deliveries(connection, search, limit=limit)
    attempts = attempts_of_each(connection, found)
    return [_item(each, attempts[each.uuid]) for each in found]


def retry_delivery(
    session: Session, actor: Actor, endpoint_uuid: UUID, uuid: UUID, *, at: datetime
) -> DeliveryItem:
    """Makes a delivery due at once. Raises UnknownDelivery, UnknownEndpoint, EndpointIsDisabled and
    NotRetried."""
    connection = session.connection()
    if view_of_delivery(connection, uuid).target_uuid != endpoint_uuid:
        raise UnknownDelivery(uuid)
    if locked(session, endpoint_uuid).disabled_at is not None:
        raise EndpointIsDisabled
    retry(session, actor, [uuid], at, channel=Channel.WEBHOOK)
    retried = view_of_delivery(connection, uuid)
    return _item(retried, attempts_of_each(connection, [retried])[uuid])


def request_replay(
    session: Session, actor: Actor, endpoint_uuid: UUID, command: Replay, *, at: datetime
) -> ReplayView:
    """Has the events after a position, or since an instant, sent again: up to the newest one now.

    Raises WrongFields, UnknownEndpoint, EndpointIsDisabled, ReplayUnderWay, and CursorTooOld and
    CursorAhead for a position that is none.
    """
    types = _checked(command, at)
    row = locked(session, endpoint_uuid)
    if row.disabled_at is not None:
        raise EndpointIsDisabled
    if row.replay_position is not None:
        raise ReplayUnderWay
    connection = session.connection()
    until = newest_position(connection)
    row.replay_position = _begin(connection, row, command, until)
    row.replay_until, row.replay_types, row.modified_at = until, types, at
    session.flush()
    changes = {"replay": (None, f"{row.replay_position}..{until}")}
    tell(session, actor, EndpointReplayed, row, at=at, changes=changes)
    return ReplayView(row.replay_position, until)


def _checked(command: Replay, at: datetime) -> list[str] | None:
    if (command.after is None) == (command.since is None):
        raise WrongFields({"non_field_errors": ONE_OF})
    if command.since is not None and command.since > at:
        raise WrongFields({"since": IN_FUTURE})
    try:
        return checked_types(command.event_types)
    except ValueError as error:
        raise WrongFields({"event_types": str(error)}) from None


def _begin(connection: Connection, row: WebhookEndpoint, command: Replay, until: int) -> int:
    if command.since is None:
        return begin_of(connection, command.after)
    first = connection.execute(
        select(_place.position)
        .join_from(EventRecord, EventPosition, _event.id == _place.event_id)
        .where(_event.enterprise_uuid == row.enterprise_uuid, _event.at >= command.since)
        .order_by(_event.at, _event.id)
        .limit(1)
    ).scalar()
    return until if first is None else first - 1


def _item(delivery: DeliveryView, attempts: Sequence[AttemptView]) -> DeliveryItem:
    event = delivery.event_uuid
    return DeliveryItem(
        uuid=delivery.uuid,
        event_id=None if event is None else f"evt_{event.hex}",
        event_type=delivery.kind,
        status=delivery.status.value,
        created=delivery.created_at,
        next_attempt_at=delivery.next_attempt_at,
        error=delivery.error,
        attempts=[_attempt(each) for each in attempts],
        number=delivery.id,
    )


def _attempt(attempt: AttemptView) -> AttemptItem:
    return AttemptItem(
        attempt.number,
        attempt.at,
        attempt.outcome,
        attempt.status,
        attempt.answer,
        attempt.seconds,
    )
