"""What bulk changes hold of people: filters that name one."""

from typing import Final, cast

from sqlalchemy import Table

from bursar.bulk_changes.models import BulkChange
from bursar.database.holdings import Holding

_CHANGES: Final = cast("Table", BulkChange.__table__)

HOLDINGS: Final = (
    Holding(
        table=_CHANGES,
        documents=(_CHANGES.c.selection, _CHANGES.c.error),
        since=_CHANGES.c.created_at,
        follows_renaming=False,
        busy=_CHANGES.c.state.in_(["queued", "running"]),
        busy_with="a bulk change",
    ),
)
