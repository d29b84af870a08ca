"""How a catalog comes to serve another filter: at once, or in one step when it is evaluated.

Everything here runs in the caller's transaction.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, except_, func, or_, select
from sqlalchemy.orm import Session

from bursar.catalog.catalogs.history import note_arrivals, note_departures, note_joined
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.content.models import ContentItem
from bursar.catalog.content.service import lock_content
from bursar.catalog.filters.service import parse_filter, query_uuid, stored_uuid
from bursar.catalog.membership.listed import is_listed
from bursar.catalog.membership.models import CatalogQuery, QueryMember
from bursar.catalog.membership.restricted import forget_allowed_runs, store_allowed_runs
from bursar.catalog.membership.service import evaluate_batch
from bursar.catalog.membership.turnover import note_of_catalog


def set_filter(
    session: Session,
    catalog: Catalog,
    content_filter: dict[str, Any] | None,
    now: datetime,
    *,
    refresh_inline_limit: int,
) -> None:
    """Does nothing unless the filter, or what the catalog says of executive education, is another
    than what it has or waits for. Raises FilterError.

    Over more documents than the limit, the catalog waits: see Catalog.pending_query_uuid.
    """
    wanted = None
    if content_filter is not None:
        wanted = stored_uuid(
            query_uuid(content_filter), include_exec_ed=catalog.include_exec_ed_2u_courses
        )
    if wanted == (catalog.pending_query_uuid or catalog.query_uuid):
        return
    lock_content(session, now)
    session.flush()
    given_up, catalog.pending_query_uuid = catalog.pending_query_uuid, None
    if content_filter is None or wanted is None:
        adopt(session, catalog, None, now)
    else:
        query = _find_or_create_query(session, catalog, wanted, content_filter, now)
        if not query.ready and _content_count(session) <= refresh_inline_limit:
            _evaluate_all(session, query, now)
        if query.ready:
            adopt(session, catalog, query.uuid, now)
        else:
            catalog.pending_query_uuid = query.uuid
    session.flush()
    if given_up is not None:
        _forget_if_unused(session, given_up)


def adopt(session: Session, catalog: Catalog, new: UUID | None, now: datetime) -> None:
    """From now on the catalog serves this query; what it gains and loses by that is noted."""
    old, since = catalog.query_uuid, catalog.query_since
    catalog.query_uuid = new
    catalog.pending_query_uuid = None
    if old == new:
        return
    catalog.query_since = now
    session.flush()
    # All that a catalog is created with arrived when it was created: that needs no notes.
    if catalog.created_at < now:
        _note_turnover(session, catalog.uuid, old, new, now)
    if new is not None and catalog.created_at < now:
        note_arrivals(session, catalog, new, old, now)
    if old is not None:
        note_joined(session, catalog, old, since)
        note_departures(session, catalog, old, new, since=since, now=now)
        _forget_if_unused(session, old)


def _note_turnover(
    session: Session, catalog_uuid: UUID, old: UUID | None, new: UUID | None, now: datetime
) -> None:
    def listed(query: UUID | None) -> Select[int]:
        return select(QueryMember.content_id).where(QueryMember.query_uuid == query, is_listed(now))

    for here, there, come in ((new, old, True), (old, new, False)):
        found = session.connection().scalars(except_(listed(here), listed(there)))
        note_of_catalog(session, catalog_uuid, found, come=come)


def _find_or_create_query(
    session: Session,
    catalog: Catalog,
    uuid: UUID,
    content_filter: dict[str, Any],
    now: datetime,
) -> CatalogQuery:
    query = session.get(CatalogQuery, uuid)
    if query is None:
        parse_filter(content_filter)
        query = CatalogQuery(
            uuid=uuid,
            filter_uuid=query_uuid(content_filter),
            content_filter=content_filter,
            include_exec_ed=catalog.include_exec_ed_2u_courses,
            created_at=now,
            ready=False,
            evaluated_to=0,
            version=_first_version(now),
            content_modified_at=now,
        )
        session.add(query)
        session.flush()
        store_allowed_runs(session, uuid, content_filter)
    return query


def _first_version(now: datetime) -> int:
    """Above every version that the query had before it was forgotten, because web processes
    remember its members by version."""
    return int(now.timestamp() * 1_000_000)


def _content_count(session: Session) -> int:
    stored = select(func.count(ContentItem.id)).where(ContentItem.deleted_at.is_(None))
    return session.scalar(stored) or 0


def _evaluate_all(session: Session, query: CatalogQuery, now: datetime) -> None:
    while not evaluate_batch(session, query, now):
        pass


def _forget_if_unused(session: Session, uuid: UUID) -> None:
    used = select(Catalog.uuid).where(
        or_(Catalog.query_uuid == uuid, Catalog.pending_query_uuid == uuid)
    )
    if session.execute(used.limit(1)).first() is None:
        session.execute(delete(QueryMember).where(QueryMember.query_uuid == uuid))
        forget_allowed_runs(session, uuid)
        session.execute(delete(CatalogQuery).where(CatalogQuery.uuid == uuid))
