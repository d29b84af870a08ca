"""What the log and the old audit trail hold of people."""

from typing import Final, cast

from sqlalchemy import Table

from bursar.audit.models import AuditEntry
from bursar.database.holdings import Holding
from bursar.events.models import EventRecord

_EVENTS: Final = cast("Table", EventRecord.__table__)
_ENTRIES: Final = cast("Table", AuditEntry.__table__)

HOLDINGS: Final = (
    Holding(
        table=_EVENTS,
        object_of=(_EVENTS.c.object_type, _EVENTS.c.object_id),
        documents=(_EVENTS.c.changes, _EVENTS.c.data),
        since=_EVENTS.c.at,
        follows_renaming=False,
    ),
    Holding(
        table=_ENTRIES,
        address=_ENTRIES.c.object_id,
        documents=(_ENTRIES.c.details,),
        since=_ENTRIES.c.at,
        follows_renaming=False,
    ),
)
