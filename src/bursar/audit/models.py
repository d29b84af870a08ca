from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import BIG_ID
from bursar.database.types import Json


class AuditEntry(Base):
    """An entry of the audit trail from before there were events: who did what to which object.

    New entries are rows of `events`. These are still read, and never changed.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "enterprise_uuid", "at"),)

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    enterprise_uuid: Mapped[UUID | None]
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[str]
    request_id: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(Json)
