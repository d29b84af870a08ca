"""Which documents a query lists, remembered between requests. An index cannot be stale.

It is found by the version of the query it was made from, and every request asks the database for
that version first.
"""

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from uuid import UUID

from cachetools import LRUCache
from sqlalchemy import Connection, select

from bursar.catalog.membership.models import CatalogQuery, QueryMember
from bursar.database.engine import snapshot_on

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class View:
    """The listed documents of a query between two instants at which one of them closes."""

    ids: "array[int]"
    boundary: datetime
    """When the last of the closed ones closed."""


@dataclass(slots=True)
class MemberIndex:
    """The members of a query at one version, in listing order: 16 bytes a document."""

    version: int
    content_modified_at: datetime
    ids: "array[int]"
    closes: "array[int]"
    _boundaries: list[int] = field(init=False)
    _view: tuple[int, View] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._boundaries = sorted(set(self.closes))

    def at(self, now: datetime) -> View:
        passed = bisect_right(self._boundaries, _microseconds(now))
        remembered = self._view
        if remembered is not None and remembered[0] == passed:
            return remembered[1]
        last = self._boundaries[passed - 1] if passed else 0
        ids = array("q", (i for i, end in zip(self.ids, self.closes, strict=True) if end > last))
        view = View(ids, _EPOCH + last * _MICROSECOND)
        self._view = (passed, view)
        return view


EMPTY = MemberIndex(0, _EPOCH, array("q"), array("q"))


class MemberIndexes:
    """The newest index of each query, least recently used first out."""

    def __init__(self, maximum: int = 256) -> None:
        self._indexes: LRUCache[UUID, MemberIndex] = LRUCache(maximum)
        self._lock = Lock()
        self._building = Lock()

    def get(self, connection: Connection, query_uuid: UUID | None, version: int) -> MemberIndex:
        """The index at this version, or at a newer one committed since it was read."""
        if query_uuid is None:
            return EMPTY
        index = self._known(query_uuid, version)
        if index is not None:
            return index
        # One at a time: requests that miss together share one build, and those that find their
        # index do not wait for it.
        with self._building:
            index = self._known(query_uuid, version)
            if index is None:
                index = _build(connection, query_uuid)
                with self._lock:
                    self._indexes[query_uuid] = index
        return index

    def _known(self, query_uuid: UUID, version: int) -> MemberIndex | None:
        with self._lock:  # a cache of cachetools notes each use, so that reading changes it
            index = self._indexes.get(query_uuid)
        return index if index is not None and index.version >= version else None


def _build(connection: Connection, query_uuid: UUID) -> MemberIndex:
    with snapshot_on(connection):
        query = connection.execute(
            select(CatalogQuery.version, CatalogQuery.content_modified_at).where(
                CatalogQuery.uuid == query_uuid
            )
        ).first()
        if query is None:  # the catalog changed over to another query a moment ago
            return EMPTY
        rows = connection.execute(
            select(QueryMember.content_id, QueryMember.active_until)
            .where(QueryMember.query_uuid == query_uuid, QueryMember.removed_at.is_(None))
            .order_by(QueryMember.sort_key, QueryMember.content_id)
        )
        ids, closes = array("q"), array("q")
        for content_id, active_until in rows:
            ids.append(content_id)
            closes.append(_microseconds(active_until))
    return MemberIndex(query.version, query.content_modified_at, ids, closes)
