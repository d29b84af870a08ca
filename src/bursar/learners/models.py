from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import BIG_ID, SORTABLE
from bursar.identity.models import Enterprise


class Learner(Base):
    """A person of an enterprise, by e-mail address; one with an lms_user_id has an account."""

    __tablename__ = "learners"
    __table_args__ = (
        Index(None, "enterprise_uuid", "email", unique=True),
        Index(None, "enterprise_uuid", "lms_user_id"),
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
