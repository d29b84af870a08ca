from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.identity.models import Enterprise

_OF_INSTALLATION: Final = text("enterprise_uuid IS NULL")


class ConsoleUser(Base):
    """A person who may sign in to the console."""

    __tablename__ = "console_users"

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    """Trimmed and in lower case: emails.normalised."""
    password_hash: Mapped[str | None]
    """argon2id; null as long as no password was chosen."""
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]


class ConsoleGrant(Base):
    """A role of a person, in one enterprise or in the whole installation."""

    __tablename__ = "console_grants"
    __table_args__ = (
        Index(None, "user_uuid", "enterprise_uuid", unique=True),
        # A unique index takes two nulls for different ones.
        Index(
            "ix_console_grants_operator",
            "user_uuid",
            unique=True,
            sqlite_where=_OF_INSTALLATION,
            postgresql_where=_OF_INSTALLATION,
        ),
        CheckConstraint("role IN ('operator', 'admin', 'viewer')", name="role_known"),
        CheckConstraint("(role = 'operator') = (enterprise_uuid IS NULL)", name="place_known"),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    user_uuid: Mapped[UUID] = mapped_column(ForeignKey(ConsoleUser.uuid, ondelete="CASCADE"))
    enterprise_uuid: Mapped[UUID | None] = mapped_column(ForeignKey(Enterprise.uuid), index=True)
    """Null for an operator."""
    role: Mapped[str]
    created_at: Mapped[datetime]


class ConsoleLink(Base):
    """A link that signs a person in once."""

    __tablename__ = "console_links"

    digest: Mapped[str] = mapped_column(primary_key=True)
    """SHA-256 of the secret in the link, which is stored nowhere."""
    user_uuid: Mapped[UUID] = mapped_column(
        ForeignKey(ConsoleUser.uuid, ondelete="CASCADE"), index=True
    )
    asks_password: Mapped[bool]
    """Whether a password is chosen first."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class ConsoleSession(Base):
    """A browser in which a person is signed in."""

    __tablename__ = "console_sessions"

    digest: Mapped[str] = mapped_column(primary_key=True)
    """SHA-256 of the cookie, which is stored nowhere."""
    uuid: Mapped[UUID] = mapped_column(unique=True)
    """By which its owner names it."""
    user_uuid: Mapped[UUID] = mapped_column(
        ForeignKey(ConsoleUser.uuid, ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    """Kept to about five minutes."""
    confirmed_at: Mapped[datetime]
    """When the person last proved who they are."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str]
    browser: Mapped[str]


class ConsoleTotp(Base):
    """The app of a person that makes codes: the second factor besides the password."""

    __tablename__ = "console_totp"
    __table_args__ = (CheckConstraint("failures >= 0", name="failures_counted"),)

    user_uuid: Mapped[UUID] = mapped_column(
        ForeignKey(ConsoleUser.uuid, ondelete="CASCADE"), primary_key=True
    )
    sealed: Mapped[str]
    """The key of the app, sealed with the secret of the installation."""
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    """Null as long as no code has shown that the app has the key: nothing asks for it yet."""
    last_step: Mapped[int | None]
    """The period of the newest code that was taken: none up to it is taken again."""
    failures: Mapped[int]
    """Wrong codes since the last right one."""
    failed_at: Mapped[datetime | None]


class ConsoleRecoveryCode(Base):
    """Stands in for the app, once."""

    __tablename__ = "console_recovery_codes"

    digest: Mapped[str] = mapped_column(primary_key=True)
    """SHA-256 of the code, which is stored nowhere, and of whose it is."""
    user_uuid: Mapped[UUID] = mapped_column(
        ForeignKey(ConsoleUser.uuid, ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ConsoleEntrance(Base):
    """Somebody has given the password, and a code has to follow. It opens nothing by itself."""

    __tablename__ = "console_entrances"

    digest: Mapped[str] = mapped_column(primary_key=True)
    """SHA-256 of what the form for the code sends along."""
    user_uuid: Mapped[UUID] = mapped_column(
        ForeignKey(ConsoleUser.uuid, ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
