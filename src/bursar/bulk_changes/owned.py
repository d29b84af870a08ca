"""The bulk changes that paths can name."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam

from bursar.bulk_changes.models import BulkChange
from bursar.tenancy import Owned

_changes = BulkChange.__table__


@dataclass(frozen=True, slots=True)
class ChangeTarget:
    """A change with all that its status needs."""

    enterprise_uuid: UUID
    uuid: UUID
    kind: str
    state: str
    total: int
    done_count: int
    error: str | None
    created_at: datetime
    finished_at: datetime | None


CHANGE: Final = Owned(
    ChangeTarget,
    source=_changes,
    enterprise=_changes.c.enterprise_uuid,
    condition=_changes.c.uuid == bindparam("job_id"),
    columns=(
        _changes.c.uuid,
        _changes.c.kind,
        _changes.c.state,
        _changes.c.total,
        _changes.c.done_count,
        _changes.c.error,
        _changes.c.created_at,
        _changes.c.finished_at,
    ),
)
