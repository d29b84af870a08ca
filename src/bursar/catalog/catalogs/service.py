"""The front door of catalogs: what an enterprise offers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.batches import batched
from bursar.catalog.catalogs import queries
from bursar.catalog.catalogs.changeover import set_filter
from bursar.catalog.catalogs.commands import (
    REFRESH_INLINE_LIMIT,
    CatalogPage,
    CatalogRecord,
    PutCatalog,
)
from bursar.catalog.catalogs.events import CatalogChanged
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.catalogs.refusals import CatalogOfAnotherEnterprise
from bursar.catalog.catalogs.views import catalog_summary
from bursar.catalog.membership.models import CatalogQuery
from bursar.database.types import AnyRow
from bursar.declarations import DeclarationOutcome, FieldChanges, given, set_fields
from bursar.events.service import publish
from bursar.pages import PageRequest

_BATCH: Final = 1000
"""Uuids in one statement: SQLite takes some thirty thousand parameters."""
_PLAIN_FIELDS: Final = ("title", "query_title", "include_exec_ed_2u_courses")


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


def catalogs_of(
    connection: Connection, enterprises: Sequence[UUID], wanted: PageRequest, now: datetime
) -> CatalogPage:
    """The catalogs of these enterprises, oldest first, as they are `now`. Raises PageOutOfRange.

    The first page brings the count with it; any other page is found by a count of its own.
    """
    if wanted.is_first:
        rows = queries.catalogs_page(connection, enterprises, 0, wanted.size, now)
        page = wanted.within(rows[0].total if rows else 0)
    else:
        page = wanted.within(queries.catalogs_count(connection, enterprises))
        rows = queries.catalogs_page(connection, enterprises, page.start, page.size, now)
    results = [
        catalog_summary(row, row.filter_uuid, _latest(row.content_modified_at, row.last_closed_at))
        for row in rows
    ]
    return CatalogPage(page, results, _last_change(rows))


def enterprises_of(session: Session, catalog_uuids: Collection[UUID]) -> dict[UUID, UUID]:
    """The enterprise of each catalog by its uuid; unknown catalogs are left out."""
    owners = select(Catalog.uuid, Catalog.enterprise_uuid)
    return {
        row.uuid: row.enterprise_uuid
        for batch in batched(catalog_uuids, _BATCH)
        for row in session.execute(owners.where(Catalog.uuid.in_(batch)))
    }


def put_catalog(
    session: Session,
    actor: Actor,
    command: PutCatalog,
    *,
    refresh_inline_limit: int = REFRESH_INLINE_LIMIT,
    at: datetime | None = None,
) -> DeclarationOutcome:
    """Creates or changes a catalog.

    A new filter over at most `refresh_inline_limit` documents is evaluated here; otherwise the
    catalog keeps what it serves until `refresh` has evaluated the filter. Raises
    CatalogOfAnotherEnterprise and FilterError.
    """
    now = at or clock.now()
    catalog = session.get(Catalog, command.catalog_uuid)
    if catalog is not None and catalog.enterprise_uuid != command.enterprise_uuid:
        raise CatalogOfAnotherEnterprise(command.catalog_uuid)
    is_new = catalog is None
    if catalog is None:
        catalog = _new_catalog(command, now)
        session.add(catalog)
    changes = set_fields(catalog, _PLAIN_FIELDS, given(command))
    content_filter = command.content_filter
    if content_filter is UNSET and "include_exec_ed_2u_courses" in changes:
        content_filter = _wanted_query(session, catalog).content_filter
    if content_filter is not UNSET:
        old = _wanted_query(session, catalog)
        set_filter(session, catalog, content_filter, now, refresh_inline_limit=refresh_inline_limit)
        new = _wanted_query(session, catalog)
        if new.filter_uuid != old.filter_uuid:
            changes["catalog_query_uuid"] = (old.filter_uuid, new.filter_uuid)
            # A filter that no catalog has any more is forgotten: only the trail tells of it then.
            changes["content_filter"] = (old.content_filter, new.content_filter)
    if not changes and not is_new:
        return "unchanged"
    catalog.modified_at = now
    session.flush()
    publish(session, actor, [_changed(session, catalog, changes, is_new=is_new)], at=now)
    return "created" if is_new else "changed"


@dataclass(frozen=True, slots=True)
class _WantedQuery:
    content_filter: dict[str, Any] | None
    filter_uuid: UUID | None


def _wanted_query(session: Session, catalog: Catalog) -> _WantedQuery:
    """Of the query that the catalog serves or is about to serve."""
    uuid = catalog.pending_query_uuid or catalog.query_uuid
    query = None if uuid is None else session.get(CatalogQuery, uuid)
    if query is None:
        return _WantedQuery(None, None)
    return _WantedQuery(query.content_filter, query.filter_uuid or query.uuid)


def _new_catalog(command: PutCatalog, now: datetime) -> Catalog:
    return Catalog(
        uuid=command.catalog_uuid,
        enterprise_uuid=command.enterprise_uuid,
        title="",
        query_uuid=None,
        pending_query_uuid=None,
        query_since=now,
        query_title=None,
        include_exec_ed_2u_courses=False,
        created_at=now,
        modified_at=now,
    )


def _changed(
    session: Session, catalog: Catalog, changes: FieldChanges, *, is_new: bool
) -> CatalogChanged:
    if is_new:
        changes = {name: (None, new) for name, (_, new) in changes.items()}
    query = session.execute(
        select(CatalogQuery.filter_uuid, CatalogQuery.content_modified_at).where(
            CatalogQuery.uuid == catalog.query_uuid
        )
    ).first()
    return CatalogChanged(
        object_id=catalog.uuid,
        enterprise_uuid=catalog.enterprise_uuid,
        changes=changes,
        data=catalog_summary(catalog, *(query or (None, None))),
        is_first=is_new,
        pending_query_uuid=catalog.pending_query_uuid,
    )


def _last_change(rows: Sequence[AnyRow]) -> datetime | None:
    if not rows:
        return None
    first = rows[0]
    return _latest(
        first.last_modified_at,
        first.last_query_since,
        first.last_content_modified_at,
        first.last_of_all_closed_at,
    )


def _latest(*instants: datetime | None) -> datetime | None:
    return max((instant for instant in instants if instant is not None), default=None)
