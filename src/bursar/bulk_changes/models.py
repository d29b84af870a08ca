from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.types import Json
from bursar.identity.models import Enterprise

STATES: Final = "state IN ('queued', 'running', 'done', 'failed')"


class BulkChange(Base):
    """A change of all that filters selected at an instant, and how far it is."""

    __tablename__ = "bulk_changes"
    __table_args__ = (
        CheckConstraint(STATES, name="state_known"),
        CheckConstraint("done_count >= 0 AND total >= 0", name="counts_in_range"),
        CheckConstraint(
            "(state IN ('done', 'failed')) = (finished_at IS NOT NULL)", name="end_known"
        ),
        CheckConstraint("(state = 'failed') = (error IS NOT NULL)", name="failure_explained"),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid), index=True)
    kind: Mapped[str]
    """Such as `licenses.revoke`."""
    subject_uuid: Mapped[UUID]
    """The plan or the configuration whose licenses or assignments are changed."""
    selection: Mapped[dict[str, Any]] = mapped_column(Json)
    """The filters, as the domain writes them."""
    total: Mapped[int] = mapped_column(BigInteger)
    """How many were selected when the change was asked for."""
    done_count: Mapped[int] = mapped_column(BigInteger)
    last_uuid: Mapped[UUID | None]
    """Of the last one that was changed, in the order of uuids."""
    state: Mapped[str]
    error: Mapped[str | None]
    client_id: Mapped[str]
    request_id: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
