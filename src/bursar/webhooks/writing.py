"""What the use cases share: locks, rows of secrets, and events about endpoints."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.events.event import Changes
from bursar.events.log import register_reader
from bursar.events.service import publish
from bursar.identity.service import lock_enterprise
from bursar.outgoing.settings import settings_of
from bursar.webhooks.events import EndpointEvent
from bursar.webhooks.models import WebhookEndpoint, WebhookSecret
from bursar.webhooks.refusals import TooManyEndpoints, UnknownEndpoint
from bursar.webhooks.secrets import sealed
from bursar.webhooks.views import EndpointView, view_of_endpoint

READER: Final = "webhooks"
"""Of the log of events."""
MOST_ENDPOINTS: Final = 1_000
"""Of one enterprise: each event is a delivery to each of them."""
_DELETED_KEPT: Final = timedelta(days=1)
OVERLAP: Final = timedelta(hours=24)
"""For how long a secret that was replaced still signs, so that a receiver can change over."""

_endpoint: Final = WebhookEndpoint.__table__.c


def make_room(session: Session, enterprise_uuid: UUID, at: datetime) -> None:
    """Raises TooManyEndpoints and UnknownEnterprise."""
    # Of several creations at once, each counts what the others made.
    lock_enterprise(session, enterprise_uuid)
    # What happens from now on is meant for the endpoint, whether or not a worker has run before.
    register_reader(session, READER)
    session.execute(
        delete(WebhookEndpoint).where(
            _endpoint.enterprise_uuid == enterprise_uuid,
            _endpoint.deleted_at < at - _DELETED_KEPT,
        )
    )
    live = select(func.count()).where(
        _endpoint.enterprise_uuid == enterprise_uuid, _endpoint.deleted_at.is_(None)
    )
    if session.execute(live).scalar_one() >= MOST_ENDPOINTS:
        raise TooManyEndpoints(MOST_ENDPOINTS)


def locked(session: Session, uuid: UUID) -> WebhookEndpoint:
    """Raises UnknownEndpoint, also for one that is deleted."""
    found = session.scalars(
        select(WebhookEndpoint)
        .where(_endpoint.uuid == uuid, _endpoint.deleted_at.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise UnknownEndpoint(uuid)
    return found


def new_row(
    uuid: UUID, enterprise_uuid: UUID, values: Mapping[str, Any], at: datetime
) -> WebhookEndpoint:
    empty = dict.fromkeys(_endpoint.keys())
    return WebhookEndpoint(
        **empty
        | {"description": ""}
        | dict(values)
        | {
            "uuid": uuid,
            "enterprise_uuid": enterprise_uuid,
            "created_at": at,
            "modified_at": at,
        }
    )


def add_secret(session: Session, endpoint_uuid: UUID, secret: str, at: datetime) -> None:
    seal = settings_of(session).seal()
    session.execute(
        insert(WebhookSecret).values(
            uuid=uuid4(),
            endpoint_uuid=endpoint_uuid,
            sealed=sealed(seal, secret),
            created_at=_on_the_wall(at),
        )
    )


def retire_secrets(session: Session, endpoint_uuid: UUID, at: datetime) -> datetime:
    """The live secret ends after the overlap; one that was replaced before ends now, so that there
    are never more than two. Returns when the live one ends."""
    secret = WebhookSecret.__table__.c
    session.execute(
        delete(WebhookSecret).where(
            secret.endpoint_uuid == endpoint_uuid, secret.expires_at.is_not(None)
        )
    )
    expires_at = _on_the_wall(at) + OVERLAP
    session.execute(
        update(WebhookSecret)
        .where(secret.endpoint_uuid == endpoint_uuid)
        .values(expires_at=expires_at)
    )
    return expires_at


def _on_the_wall(at: datetime) -> datetime:
    """Secrets go by the clock by which webhooks are sent, also those of a sandbox whose clock was
    advanced."""
    return at - clock.ahead()


def tell(
    session: Session,
    actor: Actor,
    kind: type[EndpointEvent],
    row: WebhookEndpoint,
    *,
    at: datetime,
    changes: Changes | None = None,
    is_first: bool = False,
) -> EndpointView:
    """Publishes what happened, and returns the endpoint as the event shows it."""
    view = view_of_endpoint(row)
    told = kind(
        object_id=row.uuid,
        enterprise_uuid=row.enterprise_uuid,
        changes=changes or {},
        data=view,
        is_first=is_first,
    )
    publish(session, actor, [told], at=at)
    return view
