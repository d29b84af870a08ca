"""The front door: endpoints of webhooks. What changes them expects the caller's transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.declarations import given
from bursar.delivery.service import drop_for_target
from bursar.events.models import EventRecord
from bursar.webhooks.commands import ChangeEndpoint, CreateEndpoint, DeclaredEndpoint
from bursar.webhooks.declared import put_endpoint
from bursar.webhooks.events import (
    OBJECT_TYPE,
    EndpointChanged,
    EndpointCreated,
    EndpointDeleted,
    EndpointPinged,
    EndpointSecretRotated,
)
from bursar.webhooks.fields import OFF, change_fields, checked_fields
from bursar.webhooks.models import WebhookSecret
from bursar.webhooks.queries import (
    count_troubled,
    find_endpoint,
    list_endpoints,
    owners_of_endpoints,
    page_of_endpoints,
)
from bursar.webhooks.refusals import (
    EndpointIsDisabled,
    EndpointOfAnotherEnterprise,
    TooManyEndpoints,
    UnknownEndpoint,
    WrongFields,
)
from bursar.webhooks.secrets import new_webhook_secret
from bursar.webhooks.views import (
    EndpointView,
    NewEndpointView,
    PingView,
    RotatedSecretView,
    with_secret,
)
from bursar.webhooks.writing import (
    MOST_ENDPOINTS,
    add_secret,
    locked,
    make_room,
    new_row,
    retire_secrets,
    tell,
)

__all__ = [
    "MOST_ENDPOINTS",
    "ChangeEndpoint",
    "CreateEndpoint",
    "DeclaredEndpoint",
    "EndpointIsDisabled",
    "EndpointOfAnotherEnterprise",
    "EndpointView",
    "NewEndpointView",
    "PingView",
    "RotatedSecretView",
    "TooManyEndpoints",
    "UnknownEndpoint",
    "WrongFields",
    "change_endpoint",
    "count_troubled",
    "create_endpoint",
    "delete_endpoint",
    "find_endpoint",
    "list_endpoints",
    "owners_of_endpoints",
    "page_of_endpoints",
    "ping_endpoint",
    "put_endpoint",
    "rotate_endpoint_secret",
]

DELETED: Final = "The endpoint was deleted."
_event: Final = EventRecord.__table__.c


def create_endpoint(
    session: Session, actor: Actor, command: CreateEndpoint, *, at: datetime
) -> NewEndpointView:
    """The answer has the secret, which cannot be read again.

    Raises WrongFields, TooManyEndpoints and UnknownEnterprise.
    """
    asked = {
        "url": command.url,
        "description": command.description,
        "event_types": command.event_types,
        "secret": new_webhook_secret() if command.secret is None else command.secret,
    }
    values = checked_fields(session, asked)
    secret: str = values.pop("secret")
    make_room(session, command.enterprise_uuid, at)
    row = new_row(uuid4(), command.enterprise_uuid, values, at)
    session.add(row)
    session.flush()
    add_secret(session, row.uuid, secret, at)
    changes = {"url": (None, row.url)}
    view = tell(session, actor, EndpointCreated, row, at=at, changes=changes, is_first=True)
    return with_secret(view, secret)


def change_endpoint(
    session: Session, actor: Actor, uuid: UUID, command: ChangeEndpoint, *, at: datetime
) -> EndpointView:
    """Raises WrongFields and UnknownEndpoint."""
    row = locked(session, uuid)
    values: Mapping[str, Any] = checked_fields(session, given(command))
    changes = change_fields(row, values, at)
    if not changes:
        return find_endpoint(session.connection(), uuid)
    session.flush()
    if row.disabled_at is not None:
        drop_for_target(session, uuid, at, reason=OFF)
    return tell(session, actor, EndpointChanged, row, at=at, changes=changes)


def delete_endpoint(session: Session, actor: Actor, uuid: UUID, *, at: datetime) -> None:
    """Nothing more is sent to it, and its secrets are gone. Doing it twice changes nothing."""
    try:
        row = locked(session, uuid)
    except UnknownEndpoint:
        return
    secret = WebhookSecret.__table__.c
    session.execute(delete(WebhookSecret).where(secret.endpoint_uuid == uuid))
    changes = {"url": (row.url, None)}
    drop_for_target(session, uuid, at, reason=DELETED)
    row.url, row.description, row.event_types = "", "", None
    row.replay_position = row.replay_until = row.replay_types = None
    row.deleted_at = row.modified_at = at
    session.flush()
    tell(session, actor, EndpointDeleted, row, at=at, changes=changes)


def rotate_endpoint_secret(
    session: Session, actor: Actor, uuid: UUID, *, at: datetime, secret: str | None = None
) -> RotatedSecretView:
    """A new secret signs beside the one before, for a day. Raises WrongFields, UnknownEndpoint."""
    new = _checked_secret(session, secret)
    row = locked(session, uuid)
    expires_at = retire_secrets(session, uuid, at)
    add_secret(session, uuid, new, at)
    tell(session, actor, EndpointSecretRotated, row, at=at)
    return RotatedSecretView(new, expires_at)


def ping_endpoint(session: Session, actor: Actor, uuid: UUID, *, at: datetime) -> PingView:
    """Has an event sent to this endpoint alone. Raises EndpointIsDisabled, UnknownEndpoint."""
    row = locked(session, uuid)
    if row.disabled_at is not None:
        raise EndpointIsDisabled
    tell(session, actor, EndpointPinged, row, at=at)
    # The lock keeps others from publishing events of this endpoint meanwhile. Its public events
    # and its others are numbered each for themselves, so the highest version alone names no event.
    newest = (
        select(_event.uuid)
        .where(_event.object_id == str(uuid), _event.object_type == OBJECT_TYPE)
        .where(_event.type == EndpointPinged.type)
        .order_by(_event.version.desc())
        .limit(1)
    )
    return PingView(f"evt_{session.execute(newest).scalar_one().hex}")


def _checked_secret(session: Session, given: str | None) -> str:
    asked = new_webhook_secret() if given is None else given
    checked: str = checked_fields(session, {"secret": asked})["secret"]
    return checked
