"""Catalogs: what an enterprise offers, and how a changed filter takes effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, delete, func, or_, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.audit import service as audit
from bursar.audit.service import Change
from bursar.catalog.catalogs import queries
from bursar.catalog.catalogs.history import note_difference, note_history
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.catalogs.views import CatalogSummary, catalog_summary
from bursar.catalog.content.models import ContentItem
from bursar.catalog.content.service import lock_content
from bursar.catalog.filters.content_filter import parse_filter, query_uuid
from bursar.catalog.membership.models import CatalogQuery, QueryMember
from bursar.catalog.membership.service import Query, load_items, update_membership
from bursar.database.types import AnyRow
from bursar.pages import Page, PageRequest
from bursar.settings import get_settings

Outcome = Literal["created", "changed", "unchanged"]
BATCH = 500


class CatalogOfAnotherEnterprise(Exception):
    """A manifest names a catalog that belongs to another enterprise."""


@dataclass(frozen=True, slots=True)
class CatalogRecord:
    uuid: UUID
    title: str
    content_filter: dict[str, Any] | None
    query_title: str | None
    include_exec_ed_2u_courses: bool


def list_catalogs(session: Session, enterprise_uuid: UUID) -> list[CatalogRecord]:
    """Oldest first, each with the filter it has or is about to have."""
    wanted = func.coalesce(Catalog.pending_query_uuid, Catalog.query_uuid)
    rows = session.execute(
        select(Catalog, CatalogQuery.content_filter)
        .outerjoin(CatalogQuery, CatalogQuery.uuid == wanted)
        .where(Catalog.enterprise_uuid == enterprise_uuid)
        .order_by(Catalog.created_at, Catalog.uuid)
    )
    return [
        CatalogRecord(
            catalog.uuid,
            catalog.title,
            content_filter,
            catalog.query_title,
            catalog.include_exec_ed_2u_courses,
        )
        for catalog, content_filter in rows
    ]


@dataclass(frozen=True, slots=True)
class CatalogPage:
    page: Page
    results: list[CatalogSummary]
    last_change: datetime | None
    """Of the whole list: what happens on one page can change the count and links of another.
    None for an empty page."""


def catalogs_of(
    connection: Connection, enterprises: Sequence[UUID], wanted: PageRequest
) -> CatalogPage:
    """The catalogs of these enterprises, oldest first. Raises PageOutOfRange.

    The first page brings the count with it; any other page is found by a count of its own.
    """
    if wanted.is_first:
        rows = queries.catalogs_page(connection, enterprises, 0, wanted.size)
        page = wanted.within(rows[0].total if rows else 0)
    else:
        page = wanted.within(queries.catalogs_count(connection, enterprises))
        rows = queries.catalogs_page(connection, enterprises, page.start, page.size)
    return CatalogPage(page, [catalog_summary(row) for row in rows], _last_change(rows))


def _last_change(rows: Sequence[AnyRow]) -> datetime | None:
    if not rows:
        return None
    first = rows[0]
    last: datetime = max(first.last_modified_at, first.last_query_since)
    return max(last, first.last_content_modified_at or last)


def put_catalog(
    session: Session,
    actor: Actor,
    *,
    uuid: UUID,
    enterprise_uuid: UUID,
    fields: Mapping[str, Any],
    now: datetime,
) -> Outcome:
    """Creates or changes a catalog; absent fields keep their stored value.

    A new filter is evaluated here when there is little content; otherwise the catalog keeps
    what it serves until `refresh` has evaluated the filter. Raises CatalogOfAnotherEnterprise
    and FilterError.
    """
    catalog = session.get(Catalog, uuid)
    if catalog is not None and catalog.enterprise_uuid != enterprise_uuid:
        raise CatalogOfAnotherEnterprise(str(uuid))
    outcome: Outcome = "unchanged"
    if catalog is None:
        catalog = _new_catalog(uuid, enterprise_uuid, now)
        session.add(catalog)
        outcome = "created"
    changed = _set_plain_fields(catalog, fields)
    if "content_filter" in fields and _set_filter(session, catalog, fields["content_filter"], now):
        changed = [*changed, "content_filter"]
    if changed and outcome == "unchanged":
        outcome = "changed"
    if outcome != "unchanged":
        catalog.modified_at = now
        change = Change(
            f"catalog.{outcome}", "catalog", str(uuid), enterprise_uuid, {"fields": changed}
        )
        audit.record(session, actor, [change])
    session.flush()
    return outcome


def _new_catalog(uuid: UUID, enterprise_uuid: UUID, now: datetime) -> Catalog:
    return Catalog(
        uuid=uuid,
        enterprise_uuid=enterprise_uuid,
        title="",
        query_uuid=None,
        pending_query_uuid=None,
        query_since=now,
        query_title=None,
        include_exec_ed_2u_courses=False,
        created_at=now,
        modified_at=now,
    )


def _set_plain_fields(catalog: Catalog, fields: Mapping[str, Any]) -> list[str]:
    changed = []
    for name in ("title", "query_title", "include_exec_ed_2u_courses"):
        if name in fields and getattr(catalog, name) != fields[name]:
            setattr(catalog, name, fields[name])
            changed.append(name)
    return changed


def _set_filter(
    session: Session, catalog: Catalog, content_filter: dict[str, Any] | None, now: datetime
) -> bool:
    wanted = None if content_filter is None else query_uuid(content_filter)
    if wanted == (catalog.pending_query_uuid or catalog.query_uuid):
        return False
    lock_content(session, now)
    session.flush()
    given_up, catalog.pending_query_uuid = catalog.pending_query_uuid, None
    _take_filter(session, catalog, wanted, content_filter, now)
    session.flush()
    if given_up is not None:
        _forget_if_unused(session, given_up)
    return True


def _take_filter(
    session: Session,
    catalog: Catalog,
    wanted: UUID | None,
    content_filter: dict[str, Any] | None,
    now: datetime,
) -> None:
    if content_filter is None or wanted is None:
        _adopt(session, catalog, None, now)
        return
    query = _find_or_create_query(session, wanted, content_filter, now)
    if not query.ready and _content_count(session) <= get_settings().refresh_inline_limit:
        _evaluate_all(session, query, now)
    if query.ready:
        _adopt(session, catalog, query.uuid, now)
    else:
        catalog.pending_query_uuid = query.uuid


def _find_or_create_query(
    session: Session, uuid: UUID, content_filter: dict[str, Any], now: datetime
) -> CatalogQuery:
    query = session.get(CatalogQuery, uuid)
    if query is None:
        parse_filter(content_filter)
        query = CatalogQuery(
            uuid=uuid,
            content_filter=content_filter,
            created_at=now,
            ready=False,
            evaluated_to=0,
            version=_first_version(now),
            content_modified_at=now,
        )
        session.add(query)
        session.flush()
    return query


def _first_version(now: datetime) -> int:
    """Above every version the query had before it was forgotten: web processes remember those."""
    return int(now.timestamp() * 1_000_000)


def _content_count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(ContentItem)) or 0


def _evaluate_all(session: Session, query: CatalogQuery, now: datetime) -> None:
    while not evaluate_batch(session, query, now):
        pass


def evaluate_batch(session: Session, query: CatalogQuery, now: datetime) -> bool:
    """Evaluates the next documents for a query that is not ready; True when it was the last.

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


def pending_queries(session: Session) -> list[UUID]:
    statement = select(CatalogQuery.uuid).where(CatalogQuery.ready.is_(False))
    return list(session.scalars(statement.order_by(CatalogQuery.created_at, CatalogQuery.uuid)))


def refresh_step(session: Session, uuid: UUID, now: datetime | None = None) -> bool:
    """One batch of a query's first evaluation, in the caller's transaction; True when done.

    With the last batch every waiting catalog changes over in one step. Safe to repeat, and safe
    when several processes do it at once.
    """
    now = lock_content(session, now)
    query = session.get(CatalogQuery, uuid, populate_existing=True)
    if query is None or query.ready:
        return True
    if not evaluate_batch(session, query, now):
        return False
    waiting = session.scalars(select(Catalog).where(Catalog.pending_query_uuid == uuid)).all()
    for catalog in waiting:
        _adopt(session, catalog, uuid, now)
    return True


def _adopt(session: Session, catalog: Catalog, new: UUID | None, now: datetime) -> None:
    """From now on the catalog serves this query; what it gains and loses by that is noted."""
    old, since = catalog.query_uuid, catalog.query_since
    catalog.query_uuid = new
    catalog.pending_query_uuid = None
    if old == new:
        return
    catalog.query_since = now
    session.flush()
    # All that a catalog is created with arrived when it was created: that needs no notes.
    if new is not None and catalog.created_at < now:
        note_difference(session, catalog, new, old, now, arrived=True)
    if old is not None:
        note_history(session, catalog, old, since)
        note_difference(session, catalog, old, new, now, arrived=False)
        _forget_if_unused(session, old)


def _forget_if_unused(session: Session, uuid: UUID) -> None:
    used = select(Catalog.uuid).where(
        or_(Catalog.query_uuid == uuid, Catalog.pending_query_uuid == uuid)
    )
    if session.execute(used.limit(1)).first() is None:
        session.execute(delete(QueryMember).where(QueryMember.query_uuid == uuid))
        session.execute(delete(CatalogQuery).where(CatalogQuery.uuid == uuid))
