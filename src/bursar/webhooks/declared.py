"""Endpoints as manifests declare them."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.declarations import DeclarationOutcome, given
from bursar.webhooks.commands import DeclaredEndpoint
from bursar.webhooks.events import EndpointChanged, EndpointCreated
from bursar.webhooks.fields import change_fields, checked_fields
from bursar.webhooks.models import WebhookEndpoint
from bursar.webhooks.refusals import EndpointOfAnotherEnterprise, WrongFields
from bursar.webhooks.secrets import new_webhook_secret
from bursar.webhooks.writing import add_secret, make_room, new_row, tell


def put_endpoint(
    session: Session, actor: Actor, declared: DeclaredEndpoint, *, at: datetime
) -> DeclarationOutcome:
    """Creates the endpoint, with a secret that nobody is shown, or changes it.

    Raises WrongFields, TooManyEndpoints, UnknownEnterprise and EndpointOfAnotherEnterprise.
    """
    asked = given(declared)
    del asked["uuid"], asked["enterprise_uuid"]
    values = checked_fields(session, asked)
    row = session.scalars(
        select(WebhookEndpoint)
        .where(WebhookEndpoint.uuid == declared.uuid)
        .with_for_update(key_share=True)
    ).one_or_none()
    if row is not None and row.enterprise_uuid != declared.enterprise_uuid:
        raise EndpointOfAnotherEnterprise
    if row is not None and row.deleted_at is None:
        changes = change_fields(row, values, at)
        if not changes:
            return "unchanged"
        session.flush()
        tell(session, actor, EndpointChanged, row, at=at, changes=changes)
        return "changed"
    if not values.get("url"):
        raise WrongFields({"url": "required"})
    make_room(session, declared.enterprise_uuid, at)
    if row is not None:
        # It was deleted, and the manifest says that it shall be there.
        session.execute(delete(WebhookEndpoint).where(WebhookEndpoint.uuid == declared.uuid))
    created = _create(session, declared, values, at)
    changes = {"url": (None, created.url)}
    tell(session, actor, EndpointCreated, created, at=at, changes=changes, is_first=row is None)
    return "created"


def _create(
    session: Session, declared: DeclaredEndpoint, values: dict[str, Any], at: datetime
) -> WebhookEndpoint:
    enabled = values.pop("enabled", True)
    row = new_row(declared.uuid, declared.enterprise_uuid, values, at)
    change_fields(row, {"enabled": enabled}, at)
    session.add(row)
    session.flush()
    add_secret(session, row.uuid, new_webhook_secret(), at)
    return row
