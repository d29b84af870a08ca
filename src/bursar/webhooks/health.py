"""How endpoints are: what attempts say of them, and when one is disabled. Expects the caller's
transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from bursar.actors import Actor, ActorKind
from bursar.delivery.service import drop_for_target, postpone_for_target
from bursar.events.event import Changes
from bursar.outgoing.health import lock_targets, note_failure, note_success
from bursar.outgoing.patience import break_after, is_down
from bursar.outgoing.reply import Reply
from bursar.webhooks.events import EndpointDisabled
from bursar.webhooks.models import WebhookEndpoint
from bursar.webhooks.refusals import UnknownEndpoint
from bursar.webhooks.rules import PATIENCE, is_gone
from bursar.webhooks.writing import locked, tell

ACTOR: Final = Actor("task:webhooks", kind=ActorKind.TASK)
GONE: Final = "It answered 410: it wants no more events."
FAILED: Final = "Nothing could be delivered for five days."
DROPPED: Final = "The endpoint was disabled."
_endpoints: Final = cast("Table", WebhookEndpoint.__table__)
_endpoint: Final = WebhookEndpoint.__table__.c


@dataclass(frozen=True, slots=True)
class Observed:
    """What came of one request to an endpoint."""

    endpoint: UUID
    reply: Reply
    at: datetime
    failing_since: datetime | None
    """As it was when the request was prepared."""


def lock_endpoints(session: Session, observed: Sequence[Observed]) -> None:
    lock_targets(session, _endpoints, {each.endpoint for each in observed})


def note_health(session: Session, observed: Sequence[Observed], now: datetime) -> None:
    """Remembers successes and failures, leaves alone what is down, and disables what has failed for
    too long or is gone."""
    well = {each.endpoint for each in observed if each.reply.succeeded}
    ill = {each.endpoint for each in observed} - well
    note_success(session, _endpoints, well, now)
    note_failure(session, _endpoints, ill, now)
    for each in {each.endpoint: each for each in observed if is_down(each.reply)}.values():
        pause = break_after(each.reply, each.failing_since, now)
        postpone_for_target(session, each.endpoint, now, now + pause)
    for uuid in sorted({each.endpoint for each in observed if is_gone(each.reply)}):
        disable_endpoint(session, uuid, GONE, now)
    for uuid in _given_up(session, ill, now):
        disable_endpoint(session, uuid, FAILED, now)


def disable_endpoint(session: Session, uuid: UUID, reason: str, now: datetime) -> None:
    """Nothing is sent to it any more, and its enterprise is told. Twice changes nothing."""
    try:
        row = locked(session, uuid)
    except UnknownEndpoint:
        return
    if row.disabled_at is not None:
        return
    row.disabled_at, row.disabled_reason, row.modified_at = now, reason, now
    row.replay_position = row.replay_until = row.replay_types = None
    session.flush()
    drop_for_target(session, uuid, now, reason=DROPPED)
    changes: Changes = {"disabled_at": (None, now), "disabled_reason": (None, reason)}
    tell(session, ACTOR, EndpointDisabled, row, at=now, changes=changes)


def _given_up(session: Session, endpoints: Collection[UUID], now: datetime) -> Sequence[UUID]:
    if not endpoints:
        return []
    return session.scalars(
        select(_endpoint.uuid)
        .where(
            _endpoint.uuid.in_(endpoints),
            _endpoint.disabled_at.is_(None),
            _endpoint.failing_since <= now - PATIENCE,
        )
        .order_by(_endpoint.uuid)
    ).all()
