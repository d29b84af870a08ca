"""What is stored of sandboxes beside their data."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, exists
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.identity.models import Enterprise


class SandboxFaults(Base):
    """What goes wrong in a sandbox because a test wants it to. Without a row, nothing does."""

    __tablename__ = "sandbox_faults"

    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid), primary_key=True)
    lms_slow_seconds: Mapped[int]
    lms_away: Mapped[bool]
    lms_refuse_one_in: Mapped[int | None]
    lms_asked: Mapped[int]
    """How many enrollments the LMS was asked for since the faults were set: which of them is
    refused is counted and not thrown, so that a test can rely on it."""
    mail_bounce: Mapped[bool]
    modified_at: Mapped[datetime]


IS_OF_SANDBOX: Final[ColumnElement[bool]] = exists().where(
    Enterprise.uuid == SandboxFaults.enterprise_uuid, Enterprise.is_sandbox
)
"""It is so of every row. Whoever lets a fault happen asks nevertheless, because a fault must never
reach an enterprise that is none, whatever hands have done in the database."""
