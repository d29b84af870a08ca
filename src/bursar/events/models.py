from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, FetchedValue, ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import BIG_ID
from bursar.database.types import Json

_SHOWN: Final = text("data IS NOT NULL")


class EventRecord(Base):
    """An event as it was published; written in the transaction of the change, never changed. After
    a while its `data` is emptied, and later the row is deleted: see `forgetting`.

    It is both the log that readers outside follow and the audit trail: who did what to which
    object, with old and new values.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index(None, "enterprise_uuid", "at"),
        Index(None, "object_id", "object_type", "version"),
        Index("ix_events_shown", "at", postgresql_where=_SHOWN, sqlite_where=_SHOWN),
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    """Increases in the order of writing. On PostgreSQL this is not the order of commits."""
    transaction_id: Mapped[int | None] = mapped_column(BigInteger, server_default=FetchedValue())
    """The transaction that wrote the row, on PostgreSQL, for whoever looks into the table. On
    SQLite it is null: only one transaction writes at a time."""
    uuid: Mapped[UUID]
    enterprise_uuid: Mapped[UUID | None]
    type: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[str]
    version: Mapped[int]
    """Counts the public events of one object, and the others for themselves, each from 1."""
    at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor: Mapped[str]
    request_id: Mapped[str | None]
    changes: Mapped[dict[str, Any]] = mapped_column(Json)
    """`{"spend_limit": [700000, 10000]}`: the old and the new value."""
    data: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """The object as the API showed it after the change; null once that was forgotten."""
    is_public: Mapped[bool] = mapped_column(server_default=false())
    """Whether the log shows it. Whoever publishes says so, because a process of an older version
    that gives out positions does not know the newest types."""


class EventPosition(Base):
    """The place of a committed event in the log that readers outside follow: see `sequencing`."""

    __tablename__ = "event_positions"
    __table_args__ = (
        Index(None, "event_id", unique=True),
        Index(None, "enterprise_uuid", "position"),
    )

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(EventRecord.id, ondelete="CASCADE")
    )
    enterprise_uuid: Mapped[UUID | None]
    type: Mapped[str]


class EventSequence(Base):
    """One row: how far the log is. Whoever gives out positions holds its lock."""

    __tablename__ = "event_sequence"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_position: Mapped[int] = mapped_column(BigInteger)
    forgotten_to: Mapped[int] = mapped_column(BigInteger)
    """Positions up to this one are gone: their events are too old."""
    placed_to: Mapped[int] = mapped_column(BigInteger)
    """No event up to this id will ever need a position any more."""
    mark_id: Mapped[int] = mapped_column(BigInteger)
    """The highest id that was seen when the mark was set."""
    mark_transaction: Mapped[int] = mapped_column(BigInteger)
    """Ids up to `mark_id` were written by transactions before this one."""


class EventReader(Base):
    """Up to where somebody inside has read the log, such as the fan-out of webhooks."""

    __tablename__ = "event_readers"

    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)


class ToldOnce(Base):
    """That something was told which is told once only: see `told`."""

    __tablename__ = "told_once"

    object_uuid: Mapped[UUID] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(primary_key=True)
    mark: Mapped[str] = mapped_column(primary_key=True)
    """What makes this time another one than the next, such as the day on which a plan ends."""
    enterprise_uuid: Mapped[UUID] = mapped_column(index=True)
    at: Mapped[datetime] = mapped_column(index=True)
