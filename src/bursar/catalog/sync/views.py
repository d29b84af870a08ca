from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bursar.catalog.sync.models import SyncRun
from bursar.catalog.sync.states import SyncState


@dataclass(frozen=True, slots=True)
class SyncReport:
    """A run, as it ended or as far as it came."""

    state: SyncState
    is_full: bool
    since: datetime | None
    started_at: datetime
    ended_at: datetime | None
    reason: str | None
    pages: int
    created: int
    changed: int
    unchanged: int
    removed: int
    rejected: int
    busy_seconds: float
    waited_seconds: float
    rejections: list[dict[str, Any]] = field(default_factory=list)
    is_resumed: bool = False

    @property
    def kind(self) -> str:
        return "full sweep" if self.is_full else "delta"


def report_of(run: SyncRun, *, is_resumed: bool = False) -> SyncReport:
    return SyncReport(
        state=SyncState(run.state),
        is_full=run.is_full,
        since=run.since,
        started_at=run.started_at,
        ended_at=run.ended_at,
        reason=run.reason,
        pages=run.pages,
        created=run.created,
        changed=run.changed,
        unchanged=run.unchanged,
        removed=run.removed,
        rejected=run.rejected,
        busy_seconds=run.busy_seconds,
        waited_seconds=run.waited_seconds,
        rejections=list(run.rejections),
        is_resumed=is_resumed,
    )
