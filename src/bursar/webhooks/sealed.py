"""Secrets of endpoints in the database: which are live, and what seals them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, or_, select, update
from sqlalchemy.orm import Session

from bursar.identity.sealing import Seal, SealedText
from bursar.webhooks.models import WebhookSecret
from bursar.webhooks.secrets import is_sealed, sealed, unsealed

_log = structlog.get_logger(__name__)
_secret: Final = WebhookSecret.__table__.c


def live_secrets(
    connection: Connection, seal: Seal, endpoints: Collection[UUID], at: datetime
) -> Mapping[UUID, list[str]]:
    """Those that sign, by endpoint, the newest first. What cannot be opened is left out."""
    rows = connection.execute(
        select(_secret.endpoint_uuid, _secret.sealed)
        .where(
            _secret.endpoint_uuid.in_(endpoints),
            or_(_secret.expires_at.is_(None), _secret.expires_at > at),
        )
        .order_by(_secret.created_at.desc(), _secret.uuid)
    )
    found: dict[UUID, list[str]] = {}
    for row in rows:
        try:
            secret = unsealed(seal, row.sealed)
        except SealedText as error:
            _log.error("webhook.sealed", endpoint=str(row.endpoint_uuid), error=str(error))
            continue
        found.setdefault(row.endpoint_uuid, []).append(secret)
    return found


def count_unsealed_secrets(connection: Connection) -> int:
    """How many lie in the database as they are, because there was nothing to seal them with."""
    return sum(not is_sealed(each) for each in connection.scalars(select(_secret.sealed)))


def seal_secrets_again(session: Session, seal: Seal) -> None:
    """Seals every secret with the first of BURSAR_SECRET_KEY. Raises SealedText."""
    rows = session.execute(select(_secret.uuid, _secret.sealed).with_for_update()).all()
    for uuid, stored in rows:
        again = sealed(seal, unsealed(seal, stored))
        session.execute(update(WebhookSecret).where(_secret.uuid == uuid).values(sealed=again))
