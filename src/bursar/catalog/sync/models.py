from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import BIG_ID
from bursar.database.types import Json

_OPEN: Final = text("state = 'open'")


class SyncRun(Base):
    """One sweep over the discovery service: of everything, or of what was changed lately."""

    __tablename__ = "content_sync_runs"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'done', 'guarded', 'dropped')", name="state_known"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="end_known"),
        CheckConstraint("is_full = (since IS NULL)", name="delta_since"),
        CheckConstraint(
            "pages >= 0 AND created >= 0 AND changed >= 0 AND unchanged >= 0 AND removed >= 0 "
            "AND rejected >= 0 AND failures >= 0",
            name="counts_in_range",
        ),
        # Two processes that begin at the same instant begin one run.
        Index(
            "ix_content_sync_runs_one_at_a_time",
            "state",
            unique=True,
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
        Index(None, "ended_at"),
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    source: Mapped[str]
    state: Mapped[str]
    is_full: Mapped[bool]
    since: Mapped[datetime | None]
    """What was changed before is not asked for. None: everything is."""
    is_complete: Mapped[bool]
    """Whether what is missing was removed, or was found to be nothing."""
    started_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    """What the service's clock showed at the first page."""
    ended_at: Mapped[datetime | None]
    holder: Mapped[str | None]
    """The process that works on it."""
    held_until: Mapped[datetime | None]
    """From then on another process may go on with it."""
    failures: Mapped[int]
    """How often in a row it ended early, which decides when it is tried again."""
    tried_at: Mapped[datetime]
    """When the last attempt ended, or the run began."""
    reason: Mapped[str | None]
    """Why it ended early, why it was guarded, or why nothing was removed."""
    pages: Mapped[int]
    created: Mapped[int]
    changed: Mapped[int]
    unchanged: Mapped[int]
    removed: Mapped[int]
    rejected: Mapped[int]
    rejections: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    """The first of them, each with its list, its page and the reason."""
    busy_seconds: Mapped[float]
    waited_seconds: Mapped[float]
    """For the service's limit on requests, and after its troubles."""


class SyncPage(Base):
    """A page that has come, until its run is over."""

    __tablename__ = "content_sync_pages"

    run_id: Mapped[int] = mapped_column(
        ForeignKey(SyncRun.id, ondelete="CASCADE"), primary_key=True
    )
    listing: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[bytes]
    """Of its results, to notice a page that comes again and again."""
    body: Mapped[bytes]
    """Its results, compressed."""
    items: Mapped[int]
    told_count: Mapped[int | None] = mapped_column(BigInteger)
    next_query: Mapped[str | None]
    fetched_at: Mapped[datetime]
    is_applied: Mapped[bool]
