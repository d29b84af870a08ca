"""What is odd about the filters of catalogs, though nothing forbids it.

A filter with a misspelt field or value is a good filter that selects nothing. Nobody notices,
except the company whose catalog is empty.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.content.models import ContentItem
from bursar.catalog.filters.directives import ORDERING
from bursar.catalog.filters.known_fields import conditions_of, has_field, names_in, nearest_field
from bursar.catalog.membership.evaluation import Query, wanted_members
from bursar.catalog.membership.loading import compile_query, load_items, partner_of, with_families
from bursar.catalog.membership.models import CatalogQuery, QueryMember

_BATCH: Final = 500
_MOST_HINTS: Final = 20
"""Unknown fields for which a similar one is looked for, because that compares all names."""


@dataclass(frozen=True, slots=True)
class FilterWarning:
    catalogs: tuple[UUID, ...]
    """All that have the filter, the oldest first."""
    key: str
    """Of the filter; empty for the filter as a whole."""
    message: str


def filter_warnings(
    session: Session,
    catalogs: Collection[UUID] | None = None,
    *,
    most_unknown: int | None = None,
) -> list[FilterWarning]:
    """Of the filters that these catalogs (or all) have or wait for; of so many unknown fields.

    Reads documents until every field was seen, so that only a misspelt one has all of them read.
    While nothing is stored, no field is known and every catalog is empty: that is no warning.
    """
    found = _filters(session, catalogs)
    told = [
        FilterWarning(one.catalogs, ORDERING, "has no effect: catalogs are ordered by key")
        for one in found
        if ORDERING in one.content_filter
    ]
    stored = select(ContentItem.id).where(ContentItem.deleted_at.is_(None)).limit(1)
    if session.execute(stored).first() is not None:
        told += [*_of_fields(session, found, most_unknown), *_of_empty(session, found)]
    order = {one.catalogs: number for number, one in enumerate(found)}
    return sorted(told, key=lambda warning: order[warning.catalogs])


@dataclass(frozen=True, slots=True)
class _Filter:
    catalogs: tuple[UUID, ...]
    query: Query
    content_filter: dict[str, Any]
    ready: bool


def _filters(session: Session, catalogs: Collection[UUID] | None) -> list[_Filter]:
    """Those that are not empty, in the order of their oldest catalogs."""
    wanted = func.coalesce(Catalog.pending_query_uuid, Catalog.query_uuid)
    statement = (
        select(Catalog.uuid, CatalogQuery)
        .join(CatalogQuery, CatalogQuery.uuid == wanted)
        .order_by(Catalog.created_at, Catalog.uuid)
    )
    if catalogs is not None and len(catalogs) <= _BATCH:
        statement = statement.where(Catalog.uuid.in_(list(catalogs)))
    groups: dict[UUID, tuple[CatalogQuery, list[UUID]]] = {}
    for uuid, query in session.execute(statement):
        if query.content_filter and (catalogs is None or uuid in catalogs):
            groups.setdefault(query.uuid, (query, []))[1].append(uuid)
    return [
        _Filter(tuple(uuids), compile_query(query), query.content_filter, query.ready)
        for query, uuids in groups.values()
    ]


def _of_fields(
    session: Session, filters: Sequence[_Filter], most: int | None
) -> Iterator[FilterWarning]:
    named = {field for one in filters for _, field in conditions_of(one.content_filter)}
    unknown, names = _unknown_fields(session, named, most)
    hinted = islice(sorted(unknown), _MOST_HINTS)
    nearest = {field: nearest_field(field, names) for field in hinted}
    for one in filters:
        for key, field in conditions_of(one.content_filter):
            if field in unknown:
                near = nearest.get(field)
                hint = f"; did you mean {near}?" if near else ""
                message = f"no stored document has the field {field}{hint}"
                yield FilterWarning(one.catalogs, key, message)


def _unknown_fields(
    session: Session, fields: set[str], most: int | None
) -> tuple[set[str], set[str]]:
    """The fields that no document has; and when there are any, the names that documents have."""
    unknown, names, after = set(fields), set[str](), 0
    while unknown and (items := load_items(session, ContentItem.id > after, _BATCH)):
        for item in items:
            own = names_in(item.data)
            names |= own
            known = [one for one in unknown if has_field(one, item.data, item.content_type, own)]
            unknown.difference_update(known)
        unknown = set(sorted(unknown)[:most])
        after = items[-1].id
    return unknown, names


def _of_empty(session: Session, filters: Sequence[_Filter]) -> Iterator[FilterWarning]:
    empty = _without_members(session, [one.query.uuid for one in filters if one.ready])
    for one in filters:
        is_empty = one.query.uuid in empty if one.ready else not _selects(session, one.query)
        if is_empty:
            yield FilterWarning(one.catalogs, "", "selects nothing")


def _without_members(session: Session, queries: Sequence[UUID]) -> set[UUID]:
    has_members = exists().where(
        QueryMember.query_uuid == CatalogQuery.uuid, QueryMember.removed_at.is_(None)
    )
    return {
        uuid
        for batch in batched(queries, _BATCH)
        for uuid in session.scalars(
            select(CatalogQuery.uuid).where(CatalogQuery.uuid.in_(batch), ~has_members)
        )
    }


def _selects(session: Session, query: Query) -> bool:
    """Whether a filter that is still being evaluated selects anything."""
    after = 0
    while items := load_items(session, ContentItem.id > after, _BATCH):
        everyone = with_families(session, items).values()
        if wanted_members([query], everyone, partner_of(session)):
            return True
        after = items[-1].id
    return False
