from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import BIG_ID, SORTABLE
from bursar.database.types import Json
from bursar.identity.models import Enterprise

_IS_LIVE: Final = text("deleted_at IS NULL")


class Learner(Base):
    """A person of an enterprise, by e-mail address; one with an lms_user_id has an account."""

    __tablename__ = "learners"
    __table_args__ = (
        Index(None, "enterprise_uuid", "email", unique=True),
        Index(None, "enterprise_uuid", "lms_user_id"),
        # An LMS that tells of a person names no enterprise.
        Index(None, "email"),
        Index(None, "lms_user_id"),
        Index(None, "username"),
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    email: Mapped[str] = mapped_column(SORTABLE)
    """In the form of emails.normalised."""
    lms_user_id: Mapped[int | None] = mapped_column(BigInteger)
    username: Mapped[str | None]
    sso_uid: Mapped[str | None]
    country: Mapped[str | None]
    consent: Mapped[bool]
    created_at: Mapped[datetime]
    """When the account was made, as declared."""
    modified_at: Mapped[datetime]
    deactivated_at: Mapped[datetime | None]
    """Since when nothing new is given to the learner; null: the learner is active."""


class ScimUser(Base):
    """What an identity provider has said of a learner. Other learners are users too: found by
    their address, so that nobody is there twice."""

    __tablename__ = "scim_users"
    __table_args__ = (
        Index(
            "uq_scim_users_user_name",
            "enterprise_uuid",
            "user_name_key",
            unique=True,
            postgresql_where=_IS_LIVE,
            sqlite_where=_IS_LIVE,
        ),
        Index(None, "enterprise_uuid", "external_id"),
    )

    learner_id: Mapped[int] = mapped_column(
        BIG_ID, ForeignKey(Learner.id), primary_key=True, autoincrement=False
    )
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    user_name: Mapped[str]
    user_name_key: Mapped[str] = mapped_column(SORTABLE)
    """As user names are compared: in lower case."""
    external_id: Mapped[str | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(Json)
    """The other attributes, as SCIM spells them."""
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    """When the identity provider deleted the user. The learner's history stays."""


class FormerAddress(Base):
    """An address that a learner had. It is kept so that a person can be erased whole: mails and
    events of the time name it."""

    __tablename__ = "former_addresses"
    __table_args__ = (Index(None, "enterprise_uuid", "email"),)

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    learner_id: Mapped[int] = mapped_column(BIG_ID, ForeignKey(Learner.id), index=True)
    email: Mapped[str] = mapped_column(SORTABLE)
    until: Mapped[datetime]
