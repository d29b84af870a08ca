"""Which documents belong to which queries: kept in step with content, never computed by readers.

Everything here runs in the caller's transaction and under the content lock.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.orm import Session

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.models import ContentItem
from bursar.catalog.content.templates import decode_template
from bursar.catalog.filters.service import ContentFilter, parse_filter
from bursar.catalog.membership.models import CatalogQuery, QueryMember
from bursar.catalog.membership.rules import family_members
from bursar.database.bulk import bulk_insert, is_any_of

BATCH = 500
"""Documents that are evaluated together: what bounds the memory."""


@dataclass(frozen=True, slots=True)
class StoredItem:
    """A document as the filters see it."""

    id: int
    content_type: ContentType
    key: str
    family_key: str | None
    active_until: datetime
    changed_at: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    uuid: UUID
    content_filter: ContentFilter


def load_queries(session: Session) -> list[Query]:
    rows = session.execute(select(CatalogQuery.uuid, CatalogQuery.content_filter))
    return [Query(row.uuid, compiled(msgspec.json.encode(row.content_filter))) for row in rows]


@lru_cache(maxsize=4096)
def compiled(encoded_filter: bytes) -> ContentFilter:
    return parse_filter(msgspec.json.decode(encoded_filter))


def load_items(
    session: Session, condition: ColumnElement[bool], limit: int | None = None
) -> list[StoredItem]:
    """Documents with their data, in the order of their ids."""
    rows = session.execute(
        select(
            ContentItem.id,
            ContentItem.content_type,
            ContentItem.key,
            ContentItem.family_key,
            ContentItem.active_until,
            ContentItem.changed_at,
            ContentItem.body,
        )
        .where(condition)
        .order_by(ContentItem.id)
        .limit(limit)
    )
    return [
        StoredItem(
            row.id,
            ContentType(row.content_type),
            row.key,
            row.family_key,
            row.active_until,
            row.changed_at,
            decode_template(row.body),
        )
        for row in rows
    ]


def update_membership(
    session: Session,
    queries: Sequence[Query],
    items: Sequence[StoredItem],
    now: datetime,
    *,
    documents_changed: bool,
    families: Collection[str | None] = (),
) -> int:
    """Brings the membership of these documents, and of their families, up to date.

    Returns how many rows changed. With `documents_changed` the documents themselves are new, so
    that members among them count as changed too; `families` are those that a document may
    have left. Without it this is a query's first evaluation: its members are as old as their
    documents.
    """
    if not queries or not items:
        return 0
    everyone = _with_families(session, items, families)
    wanted = _wanted(queries, everyone.values())
    current = _current(session, [query.uuid for query in queries], list(everyone))
    fresh = {item.id for item in items} if documents_changed else set()
    stamp = now if documents_changed else None
    joined, left = _differences(everyone, wanted, current, fresh, stamp)
    _write_joined(session, joined, current)
    _write_left(session, left, now)
    touched = {row["query_uuid"] for row in joined} | {row["b_query"] for row in left}
    touch_queries(session, touched, now)
    return len(joined) + len(left)


def evaluate_batch(session: Session, query: CatalogQuery, now: datetime) -> bool:
    """Evaluates the next documents for a query that is not ready; True when they were the last.

    The caller holds the content lock.
    """
    items = load_items(session, ContentItem.id > query.evaluated_to, BATCH)
    compiled_query = Query(query.uuid, parse_filter(query.content_filter))
    update_membership(session, [compiled_query], items, now, documents_changed=False)
    if items:
        query.evaluated_to = items[-1].id
    if len(items) < BATCH:
        query.ready = True
    session.flush()
    session.refresh(query)
    return query.ready


def stale_members(
    session: Session, queries: Sequence[Query], items: Sequence[StoredItem]
) -> list[tuple[UUID, int, str]]:
    """Query, document and what is wrong, for each of these documents whose row is wrong."""
    everyone = _with_families(session, items)
    wanted = _wanted(queries, everyone.values())
    current = _current(session, [query.uuid for query in queries], list(everyone))
    joined, left = _differences(everyone, wanted, current, set(), None)
    ids = {item.id for item in items}
    missing = [(row["query_uuid"], row["content_id"], "missing") for row in joined]
    surplus = [(row["b_query"], row["b_content"], "not selected") for row in left]
    return [row for row in (*missing, *surplus) if row[1] in ids]


def touch_queries(session: Session, uuids: Iterable[UUID], now: datetime) -> None:
    """Notes that members of these queries, or their documents, changed."""
    session.execute(
        update(CatalogQuery)
        .where(CatalogQuery.uuid.in_(sorted(uuids)))
        .values(version=CatalogQuery.version + 1, content_modified_at=now)
    )


def _with_families(
    session: Session, items: Sequence[StoredItem], others: Collection[str | None] = ()
) -> dict[int, StoredItem]:
    everyone = {item.id: item for item in items}
    families = {item.family_key for item in items}.union(others)
    known = sorted(family for family in families if family is not None)
    if not known:
        return everyone
    ids = session.scalars(
        select(ContentItem.id).where(is_any_of(session, ContentItem.family_key, known))
    )
    missing = [item_id for item_id in ids if item_id not in everyone]
    if missing:
        relatives = load_items(session, is_any_of(session, ContentItem.id, missing))
        everyone |= {relative.id: relative for relative in relatives}
    return everyone


def _wanted(queries: Sequence[Query], everyone: Iterable[StoredItem]) -> set[tuple[UUID, int]]:
    families: dict[str, list[StoredItem]] = {}
    for item in everyone:
        families.setdefault(item.family_key or f"program:{item.key}", []).append(item)
    wanted: set[tuple[UUID, int]] = set()
    for query in queries:
        matches = query.content_filter.matches
        for family in families.values():
            has_course = any(item.content_type is ContentType.COURSE for item in family)
            own = [matches(item.data, item.content_type) for item in family]
            members = family_members(has_course, own)
            wanted.update(
                (query.uuid, item.id)
                for item, is_member in zip(family, members, strict=True)
                if is_member
            )
    return wanted


def _current(
    session: Session, query_uuids: list[UUID], content_ids: list[int]
) -> dict[tuple[UUID, int], bool]:
    """The stored rows by query and document, with whether each is a member now."""
    rows = session.execute(
        select(QueryMember.query_uuid, QueryMember.content_id, QueryMember.removed_at).where(
            is_any_of(session, QueryMember.content_id, content_ids),
            QueryMember.query_uuid.in_(query_uuids),
        )
    )
    return {(row.query_uuid, row.content_id): row.removed_at is None for row in rows}


def _differences(
    everyone: dict[int, StoredItem],
    wanted: set[tuple[UUID, int]],
    current: dict[tuple[UUID, int], bool],
    fresh: set[int],
    stamp: datetime | None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    joined: list[dict[str, Any]] = []
    for query_uuid, content_id in wanted:
        if current.get((query_uuid, content_id), False) and content_id not in fresh:
            continue
        item = everyone[content_id]
        joined.append(
            {
                "query_uuid": query_uuid,
                "content_id": content_id,
                "sort_key": item.key,
                "active_until": item.active_until,
                "changed_at": stamp or item.changed_at,
            }
        )
    left = [
        {"b_query": query_uuid, "b_content": content_id}
        for (query_uuid, content_id), is_member in current.items()
        if is_member and (query_uuid, content_id) not in wanted
    ]
    return joined, left


def _write_joined(
    session: Session,
    rows: list[dict[str, Any]],
    current: dict[tuple[UUID, int], bool],
) -> None:
    extra = {"removed_at": None}
    new = [row | extra for row in rows if (row["query_uuid"], row["content_id"]) not in current]
    bulk_insert(session, QueryMember, new)
    known = [
        {
            "b_query": row["query_uuid"],
            "b_content": row["content_id"],
            "b_active_until": row["active_until"],
            "b_changed_at": row["changed_at"],
        }
        for row in rows
        if (row["query_uuid"], row["content_id"]) in current
    ]
    if known:
        statement = (
            update(QueryMember)
            .where(
                QueryMember.query_uuid == bindparam("b_query"),
                QueryMember.content_id == bindparam("b_content"),
            )
            .values(
                active_until=bindparam("b_active_until"),
                changed_at=bindparam("b_changed_at"),
                removed_at=None,
            )
        )
        session.connection().execute(statement, known)


def _write_left(session: Session, rows: list[dict[str, Any]], now: datetime) -> None:
    if not rows:
        return
    statement = (
        update(QueryMember)
        .where(
            QueryMember.query_uuid == bindparam("b_query"),
            QueryMember.content_id == bindparam("b_content"),
        )
        .values(removed_at=now)
    )
    session.connection().execute(statement, rows)
