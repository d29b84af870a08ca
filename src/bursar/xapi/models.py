from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.types import Json
from bursar.identity.models import Enterprise


class Identity(StrEnum):
    """How statements name a person."""

    MBOX = "mbox"
    """By the e-mail address."""
    MBOX_SHA1SUM = "mbox_sha1sum"
    """By a hash of it, which only those can read who know the address."""
    ACCOUNT = "account"
    """By the id of the account in the LMS."""


class Mode(StrEnum):
    """When statements are sent."""

    LIVE = "live"
    """At once."""
    DAILY = "daily"
    """When the day is over, in UTC."""


class XapiConnection(Base):
    """The learning record store of an enterprise, as its manifest declares it."""

    __tablename__ = "xapi_connections"
    __table_args__ = (
        CheckConstraint("identity IN ('mbox', 'mbox_sha1sum', 'account')", name="identity_known"),
        CheckConstraint("mode IN ('live', 'daily')", name="mode_known"),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid), unique=True)
    endpoint: Mapped[str]
    """Where `/statements` is below."""
    key: Mapped[str]
    secret: Mapped[str]
    """Sealed."""
    identity: Mapped[str]
    mode: Mapped[str]
    verbs: Mapped[list[str] | None] = mapped_column(Json)
    """Those that the enterprise wants, as `Verb` names them; null: all."""
    succeeded_at: Mapped[datetime | None]
    """When statements were last taken."""
    failing_since: Mapped[datetime | None]
    """The first failure after the last success; null while all is well."""
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]
