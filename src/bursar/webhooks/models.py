from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.types import Json
from bursar.identity.models import Enterprise


class WebhookEndpoint(Base):
    """Where an enterprise wants to be told of events."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (Index(None, "enterprise_uuid", "created_at"),)

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    url: Mapped[str]
    """Empty once the endpoint is deleted."""
    description: Mapped[str]
    event_types: Mapped[list[str] | None] = mapped_column(Json)
    """Types such as `license.assigned`, and `license.*`; null: all."""
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]
    """A sentence for the enterprise."""
    succeeded_at: Mapped[datetime | None]
    """When an attempt last succeeded."""
    failing_since: Mapped[datetime | None]
    """The first failure after the last success; null while all is well."""
    replay_position: Mapped[int | None] = mapped_column(BigInteger)
    """Up to where a replay has come in the log; null: there is none."""
    replay_until: Mapped[int | None] = mapped_column(BigInteger)
    """The position at which the replay ends."""
    replay_types: Mapped[list[str] | None] = mapped_column(Json)
    """Which of its types the replay is limited to; null: to none."""
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    """The row of a deleted endpoint stays for a day, so that a deletion can be repeated."""


class WebhookSecret(Base):
    """A key that signs what an endpoint is sent. During a rotation there are two."""

    __tablename__ = "webhook_secrets"

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    endpoint_uuid: Mapped[UUID] = mapped_column(
        ForeignKey(WebhookEndpoint.uuid, ondelete="CASCADE"), index=True
    )
    sealed: Mapped[dict[str, Any]] = mapped_column(Json)
    """See `secrets.sealed`."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    """When a secret that was replaced stops to sign; null: it stays."""
