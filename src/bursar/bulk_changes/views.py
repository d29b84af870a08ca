"""Bulk changes as the API shows them."""

from enum import StrEnum
from uuid import UUID

import msgspec

from bursar.bulk_changes.owned import ChangeTarget
from bursar.clock import format_instant
from bursar.database.types import AnyRow


class ChangeState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """The rest cannot be changed; what was changed stays so."""


class BulkChangeView(msgspec.Struct, frozen=True):
    job_id: UUID
    kind: str
    state: ChangeState
    total: int
    done: int
    error: str | None
    created: str
    finished: str | None


def view_of(row: ChangeTarget | AnyRow) -> BulkChangeView:
    return BulkChangeView(
        job_id=row.uuid,
        kind=row.kind,
        state=ChangeState(row.state),
        total=row.total,
        done=row.done_count,
        error=row.error,
        created=format_instant(row.created_at),
        finished=None if row.finished_at is None else format_instant(row.finished_at),
    )
