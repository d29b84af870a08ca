from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.identity.models import Enterprise


class EnterpriseLook(Base):
    """How an enterprise shows itself to its learners. Without a row, it has no wishes."""

    __tablename__ = "enterprise_looks"

    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid), primary_key=True)
    logo: Mapped[str | None]
    """The URL of a picture."""
    accent: Mapped[str | None]
    """`#rrggbb`."""
    language: Mapped[str | None]
    """For learners whose browser asks for none that there is."""
    timezone: Mapped[str | None]
    ask_consent: Mapped[bool]
    """Whether learners are asked to share their progress."""
    consent_text: Mapped[str | None]
    modified_at: Mapped[datetime]


class WaitingClaim(Base):
    """A learner has taken something, and is enrolled as soon as the LMS has an account."""

    __tablename__ = "waiting_claims"
    __table_args__ = (CheckConstraint("kind IN ('assignment', 'license')", name="kind_known"),)

    subject_uuid: Mapped[UUID] = mapped_column(primary_key=True)
    """The assignment or the license."""
    course_key: Mapped[str] = mapped_column(primary_key=True)
    """The course that was chosen with a license; empty for an assignment."""
    kind: Mapped[str]
    """A `ClaimKind`."""
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid), index=True)
    since: Mapped[datetime]
