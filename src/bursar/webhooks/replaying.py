"""Sends events of the past again, where somebody asked for it: a part at a time, so that a replay
of a year neither fills the queue nor holds a transaction."""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.delivery.service import count_waiting, enqueue_deliveries
from bursar.events.log import CursorTooOld, LogPage, read_log
from bursar.webhooks.fanout import delivery_of, is_for
from bursar.webhooks.models import WebhookEndpoint
from bursar.webhooks.selection import wants

BATCH: Final = 500
ENDPOINTS: Final = 20
"""Replays that go on in one transaction."""
MOST_WAITING: Final = 1_000
"""A replay waits while so much waits for its endpoint."""

_endpoint: Final = WebhookEndpoint.__table__.c


def continue_replays(session: Session, at: datetime) -> None:
    rows = session.scalars(
        select(WebhookEndpoint)
        .where(_endpoint.replay_position.is_not(None))
        .order_by(_endpoint.modified_at, _endpoint.uuid)
        .limit(ENDPOINTS)
        .with_for_update(skip_locked=True, key_share=True)
    )
    for row in rows.all():
        if count_waiting(session, row.uuid) < MOST_WAITING:
            _continue(session, row, at)


def _continue(session: Session, row: WebhookEndpoint, at: datetime) -> None:
    page, until = _page(session, row), row.replay_until or 0
    events = [each for each in page.events if each.position <= until and _is_wanted(row, each.type)]
    enqueue_deliveries(
        session, [delivery_of(row, each) for each in events if is_for(row, each)], at
    )
    row.replay_position = page.after
    if page.after >= until or not page.has_more:
        row.replay_position = row.replay_until = row.replay_types = None
    session.flush()


def _page(session: Session, row: WebhookEndpoint) -> LogPage:
    connection = session.connection()
    enterprise, after = row.enterprise_uuid, row.replay_position
    try:
        return read_log(connection, after=after, enterprise_uuid=enterprise, limit=BATCH)
    except CursorTooOld as error:
        return read_log(connection, after=error.oldest, enterprise_uuid=enterprise, limit=BATCH)


def _is_wanted(row: WebhookEndpoint, event_type: str) -> bool:
    return wants(row.replay_types, event_type)
