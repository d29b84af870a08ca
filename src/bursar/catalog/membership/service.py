"""Which documents belong to which queries: kept in step with content, never computed by readers.

Everything here runs in the caller's transaction and under the content lock.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from bursar.catalog.content.models import ContentItem
from bursar.catalog.membership.evaluation import Pair, Query, StoredItem, wanted_members
from bursar.catalog.membership.listed import last_listed
from bursar.catalog.membership.loading import compile_query, load_items, partner_of, with_families
from bursar.catalog.membership.models import CatalogQuery, QueryMember
from bursar.catalog.membership.turnover import changed_listing, note
from bursar.clock import NEVER
from bursar.database.bulk import bulk_insert, is_any_of

BATCH = 500
"""Documents that are evaluated together: what bounds the memory."""


class Reason(Enum):
    """Why the membership of documents is brought up to date."""

    DOCUMENTS_CHANGED = 1
    """The documents themselves are new, so that members among them count as changed too."""
    FIRST_EVALUATION = 2
    """Of a query: its members are as old as their documents."""
    RULES_CHANGED = 3
    """Filters mean something else than when they were evaluated."""


def update_membership(
    session: Session,
    queries: Sequence[Query],
    items: Sequence[StoredItem],
    now: datetime,
    *,
    reason: Reason,
    families: Collection[str | None] = (),
) -> int:
    """Brings the membership of these documents, and of their families, up to date.

    Returns how many rows changed. `families` are those that a document may have left; without
    `items`, those that a deleted document has left.
    """
    if not queries or not (items or families):
        return 0
    everyone = with_families(session, items, families)
    wanted = wanted_members(queries, everyone.values(), partner_of(session))
    current = _current(session, [query.uuid for query in queries], list(everyone))
    fresh = {item.id for item in items} if reason is Reason.DOCUMENTS_CHANGED else set()
    stamp = None if reason is Reason.FIRST_EVALUATION else now
    joined, left = _differences(everyone, wanted, current, fresh, stamp)
    if reason is not Reason.FIRST_EVALUATION:  # No catalog serves the query yet.
        _note_turnover(session, joined, left, current, now)
    _write_joined(session, joined, current, now)
    _write_left(session, left, now)
    touched = {row["query_uuid"] for row in joined} | {row["b_query"] for row in left}
    touch_queries(session, touched, now)
    return len(joined) + len(left)


def remove_members(session: Session, content_ids: Sequence[int], now: datetime) -> None:
    """Takes deleted documents out of every query."""
    are_members = (
        is_any_of(session, QueryMember.content_id, content_ids),
        QueryMember.removed_at.is_(None),
    )
    columns = (QueryMember.query_uuid, QueryMember.content_id, QueryMember.active_until)
    left = session.execute(select(*columns).where(*are_members)).all()
    session.connection().execute(update(QueryMember).where(*are_members).values(removed_at=now))
    for query_uuid, content_id, active_until in left:
        change = changed_listing(active_until, None, now, deleted=True)
        if change is not None:
            note(session, query_uuid, content_id, change)
    touch_queries(session, {row.query_uuid for row in left}, now)


def evaluate_batch(session: Session, query: CatalogQuery, now: datetime) -> bool:
    """Evaluates the next documents for a query that is not ready; True when they were the last.

    The caller holds the content lock.
    """
    items = load_items(session, ContentItem.id > query.evaluated_to, BATCH)
    update_membership(session, [compile_query(query)], items, now, reason=Reason.FIRST_EVALUATION)
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
    everyone = with_families(session, items)
    wanted = wanted_members(queries, everyone.values(), partner_of(session))
    current = _current(session, [query.uuid for query in queries], list(everyone))
    joined, left = _differences(everyone, wanted, current, set(), None)
    ids = {item.id for item in items}
    wrong = [
        (row["query_uuid"], row["content_id"], "missing" if is_missing else "out of date")
        for row in joined
        for is_missing in [current.get((row["query_uuid"], row["content_id"])) is None]
    ]
    surplus = [(row["b_query"], row["b_content"], "not selected") for row in left]
    return [row for row in (*wrong, *surplus) if row[1] in ids]


def touch_queries(session: Session, uuids: Iterable[UUID], now: datetime) -> None:
    """Notes that members of these queries, or their documents, changed."""
    session.execute(
        update(CatalogQuery)
        .where(CatalogQuery.uuid.in_(sorted(uuids)))
        .values(version=CatalogQuery.version + 1, content_modified_at=now)
    )


def _current(
    session: Session, query_uuids: list[UUID], content_ids: list[int]
) -> dict[Pair, datetime | None]:
    """The stored rows by query and document, each with until when it is listed; None when it is no
    member now."""
    rows = session.execute(
        select(
            QueryMember.query_uuid,
            QueryMember.content_id,
            QueryMember.removed_at,
            QueryMember.active_until,
        ).where(
            is_any_of(session, QueryMember.content_id, content_ids),
            QueryMember.query_uuid.in_(query_uuids),
        )
    )
    return {
        (row.query_uuid, row.content_id): row.active_until if row.removed_at is None else None
        for row in rows
    }


def _differences(
    everyone: dict[int, StoredItem],
    wanted: dict[Pair, datetime],
    current: dict[Pair, datetime | None],
    fresh: set[int],
    stamp: datetime | None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    joined: list[dict[str, Any]] = []
    for (query_uuid, content_id), active_until in wanted.items():
        is_same = current.get((query_uuid, content_id)) == active_until
        if is_same and content_id not in fresh:
            continue
        item = everyone[content_id]
        joined.append(
            {
                "query_uuid": query_uuid,
                "content_id": content_id,
                "sort_key": item.key,
                "active_until": active_until,
                "changed_at": stamp or item.changed_at,
            }
        )
    left = [
        {"b_query": query_uuid, "b_content": content_id}
        for (query_uuid, content_id), active_until in current.items()
        if active_until is not None and (query_uuid, content_id) not in wanted
    ]
    return joined, left


def _note_turnover(
    session: Session,
    joined: list[dict[str, Any]],
    left: list[dict[str, Any]],
    current: dict[Pair, datetime | None],
    now: datetime,
) -> None:
    after: dict[Pair, datetime | None] = {
        (row["query_uuid"], row["content_id"]): row["active_until"] for row in joined
    }
    after |= {(row["b_query"], row["b_content"]): None for row in left}
    for pair, active_until in after.items():
        change = changed_listing(current.get(pair), active_until, now)
        if change is not None:
            note(session, *pair, change)


def _write_joined(
    session: Session,
    rows: list[dict[str, Any]],
    current: dict[Pair, datetime | None],
    now: datetime,
) -> None:
    extra = {"removed_at": None, "listed_until": NEVER}
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
                listed_until=last_listed(now),
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
