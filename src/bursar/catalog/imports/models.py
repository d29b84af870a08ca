from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import BIG_ID


class ContentImport(Base):
    """How far a file has been imported, so that a stopped import goes on where it was."""

    __tablename__ = "content_imports"
    __table_args__ = (Index(None, "source", "size", "modified_ns", unique=True),)

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    source: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    modified_ns: Mapped[int] = mapped_column(BigInteger)
    byte_offset: Mapped[int] = mapped_column(BigInteger)
    line: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[datetime]
