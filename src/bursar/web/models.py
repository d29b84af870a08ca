from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base


class IdempotencyRecord(Base):
    """The answer to a POST, stored in the same transaction as the work that it did."""

    __tablename__ = "idempotency_records"

    scope: Mapped[str] = mapped_column(primary_key=True)
    """A hash of client, method, path, query and key."""
    fingerprint: Mapped[str]
    """A hash of the body."""
    status: Mapped[int]
    headers: Mapped[str]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The answer as JSON, whatever format it was sent in."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
