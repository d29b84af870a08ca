"""The filters that a catalog had before, as the trail tells of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, select

from bursar.catalog.catalogs.events import CatalogChanged
from bursar.events.models import EventRecord

_event: Final = EventRecord.__table__.c
_FILTER: Final = "content_filter"
_LOOKED_AT: Final = 50
"""Changes of the catalog, of which some may be of its title only."""


@dataclass(frozen=True, slots=True)
class EarlierFilter:
    """What the filter was until somebody changed it."""

    until: datetime
    changed_by: str
    """As the trail names who did it."""
    content_filter: dict[str, Any] | None


def earlier_filters(connection: Connection, catalog_uuid: UUID, limit: int) -> list[EarlierFilter]:
    """The latest first, as far as the trail is kept. That with which a catalog was created stands
    in its first change."""
    statement = (
        select(_event.at, _event.actor, _event.version, _event.changes)
        .where(
            _event.object_id == str(catalog_uuid),
            _event.object_type == CatalogChanged.object_type,
            _event.type == CatalogChanged.type,
        )
        .order_by(_event.version.desc())
        .limit(_LOOKED_AT)
    )
    found = [
        EarlierFilter(row.at, row.actor, row.changes[_FILTER][0])
        for row in connection.execute(statement)
        # The first event tells of the creation, before which there was no filter.
        if row.version > 1 and _FILTER in row.changes
    ]
    return found[:limit]
