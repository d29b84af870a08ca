from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import BIG_ID
from bursar.database.types import Json


class Role(StrEnum):
    ADMIN = "admin"
    REPORTING = "reporting"
    SCIM = "scim"
    """For an identity provider: `/scim/v2` and nothing else."""


class Enterprise(Base):
    __tablename__ = "enterprises"

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    country: Mapped[str | None]
    contact_email: Mapped[str | None]
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]
    suspended_at: Mapped[datetime | None]
    """Since when its clients are refused and nothing is sent for it; null: it is in use."""
    is_sandbox: Mapped[bool] = mapped_column(server_default=false())
    """It is for tests, from its creation to its end: no mail of it leaves the house."""
    clock_seconds: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """By how much the clock of a sandbox is ahead. It never goes back, because rows have stamps."""


class ApiClient(Base):
    __tablename__ = "api_clients"

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(unique=True)
    default_format: Mapped[str | None]
    """`json` or `xml` for requests that do not say what they want; None: the installation's."""
    declared_secret_hash: Mapped[str | None]
    """Of the secret that a manifest declared last, live or not. It tells a manifest that changed
    from one that is applied again after a rotation."""
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    only_enterprise_uuid: Mapped[UUID | None]
    """The one enterprise that it may ever act for, because its people made it and know its secret;
    None for one that whoever runs the installation made. It outlives the enterprise."""


class ClientSecret(Base):
    """Several live secrets let an integration change over without a gap."""

    __tablename__ = "client_secrets"

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    client_uuid: Mapped[UUID] = mapped_column(ForeignKey(ApiClient.uuid), index=True)
    secret_hash: Mapped[str]
    created_at: Mapped[datetime]


class ClientToken(Base):
    """A bearer token that lives until it is rotated away, for who can keep only such a one."""

    __tablename__ = "client_tokens"

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    client_uuid: Mapped[UUID] = mapped_column(ForeignKey(ApiClient.uuid), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    """SHA-256: a token is as long as a key, so that nobody guesses it however fast."""
    created_at: Mapped[datetime]


class ClientGrant(Base):
    __tablename__ = "client_grants"
    __table_args__ = (CheckConstraint("role IN ('admin', 'reporting', 'scim')", name="role_known"),)

    client_uuid: Mapped[UUID] = mapped_column(ForeignKey(ApiClient.uuid), primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(
        ForeignKey(Enterprise.uuid), primary_key=True, index=True
    )
    role: Mapped[str]


class SigningKey(Base):
    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(primary_key=True)
    private_jwk: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class TokenFailure(Base):
    """A refused token request; kept for minutes, to slow down guessing and floods."""

    __tablename__ = "token_failures"
    __table_args__ = (
        Index(None, "client_id", "address", "at"),
        Index(None, "address", "at"),
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    client_id: Mapped[str]
    address: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)
