from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.identity.models import Enterprise


class ErasedPerson(Base):
    """An address that was erased from an enterprise. Only its keyed hash is kept, by which `bursar
    check` recognises it where it must not be."""

    __tablename__ = "erased_people"

    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid), primary_key=True)
    address_hash: Mapped[str] = mapped_column(primary_key=True)
    tombstone: Mapped[str]
    """The address that stands in its place."""
    erased_at: Mapped[datetime]


class ErasureKey(Base):
    """The key of all hashes of erased addresses, made by the first erasure. Without it, anybody
    could try addresses against the hashes."""

    __tablename__ = "erasure_keys"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary)
