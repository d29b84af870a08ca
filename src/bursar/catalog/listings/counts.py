"""How many documents catalogs list, by type, remembered between requests. A count cannot be stale.

It is found by the version of its query, as the index of a listing is, and holds until the next
document closes.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final
from uuid import UUID

from cachetools import LRUCache
from sqlalchemy import Connection, case, func, literal, select

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.models import ContentItem
from bursar.catalog.membership.models import QueryMember
from bursar.clock import FOREVER
from bursar.database.types import AnyRow

_member: Final = QueryMember.__table__.c
_item: Final = ContentItem.__table__.c


@dataclass(frozen=True, slots=True)
class Counts:
    listed: Mapping[ContentType, int] = field(default_factory=dict)
    selected: int = 0
    """All that the filter selects, listed or not."""

    @property
    def total(self) -> int:
        """Of what is listed."""
        return sum(self.listed.values())

    def of(self, *kinds: ContentType) -> int:
        return sum(self.listed.get(kind, 0) for kind in kinds)


NOTHING: Final = Counts()


@dataclass(frozen=True, slots=True)
class _Counted:
    counts: Counts
    version: int
    since: datetime
    until: datetime


class CatalogCounts:
    """Of the queries that were asked for last."""

    def __init__(self, maximum: int = 4096) -> None:
        self._counted: LRUCache[UUID, _Counted] = LRUCache(maximum)
        self._lock = Lock()

    def of_queries(
        self, connection: Connection, versions: Mapping[UUID, int], now: datetime
    ) -> dict[UUID, Counts]:
        """By query, of these versions or newer ones. One statement for all that are not known."""
        known = {query: self._known(query, version, now) for query, version in versions.items()}
        missing = {query: versions[query] for query, counts in known.items() if counts is None}
        counted = _count(connection, missing, now) if missing else {}
        with self._lock:
            self._counted.update(counted)
        return {
            query: counted[query].counts if counts is None else counts
            for query, counts in known.items()
        }

    def _known(self, query: UUID, version: int, now: datetime) -> Counts | None:
        with self._lock:
            found = self._counted.get(query)
        if found is None or found.version < version or not found.since <= now < found.until:
            return None
        return found.counts


def _count(
    connection: Connection, versions: Mapping[UUID, int], now: datetime
) -> dict[UUID, _Counted]:
    at = literal(now, _member.active_until.type)
    is_open = _member.active_until > at
    statement = (
        select(
            _member.query_uuid,
            _item.content_type,
            func.count().label("selected"),
            func.sum(case((is_open, 1), else_=0)).label("listed"),
            func.min(case((is_open, _member.active_until))).label("closes"),
        )
        .join_from(QueryMember.__table__, ContentItem.__table__, _item.id == _member.content_id)
        .where(_member.query_uuid.in_(list(versions)), _member.removed_at.is_(None))
        .group_by(_member.query_uuid, _item.content_type)
    )
    rows = defaultdict[UUID, list[AnyRow]](list)
    for row in connection.execute(statement):
        rows[row.query_uuid].append(row)
    return {query: _counted(rows[query], version, now) for query, version in versions.items()}


def _counted(rows: list[AnyRow], version: int, now: datetime) -> _Counted:
    listed = {ContentType(row.content_type): row.listed for row in rows}
    closes = (row.closes or FOREVER for row in rows)
    counts = Counts(listed, sum(row.selected for row in rows))
    return _Counted(counts, version, now, min(closes, default=FOREVER))
