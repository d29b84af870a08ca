"""Proves the stored membership equal to a fresh evaluation of every filter."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.content.models import ContentItem
from bursar.catalog.membership.loading import load_items, load_queries
from bursar.catalog.membership.models import CatalogQuery, QueryMember
from bursar.catalog.membership.service import stale_members

BATCH = 500


def check_catalogs(session: Session) -> Iterator[str]:
    """One line for each row that is wrong; queries still being evaluated are left out."""
    yield from _wrong_members(session)
    yield from _deleted_members(session)
    yield from _outdated_copies(session)
    yield from _unready_catalogs(session)


def _wrong_members(session: Session) -> Iterator[str]:
    ready = set(session.scalars(select(CatalogQuery.uuid).where(CatalogQuery.ready)))
    queries = [query for query in load_queries(session) if query.uuid in ready]
    after = 0
    while items := load_items(session, ContentItem.id > after, BATCH):
        keys = {item.id: f"{item.content_type.value} {item.key}" for item in items}
        for query_uuid, content_id, problem in stale_members(session, queries, items):
            yield f"query_members: query {query_uuid}, {keys[content_id]}: {problem}"
        after = items[-1].id


def _deleted_members(session: Session) -> Iterator[str]:
    rows = session.execute(
        select(QueryMember.query_uuid, ContentItem.content_type, ContentItem.key)
        .join(ContentItem, ContentItem.id == QueryMember.content_id)
        .where(QueryMember.removed_at.is_(None), ContentItem.deleted_at.is_not(None))
    )
    for row in rows:
        yield f"query_members: query {row.query_uuid}, {row.content_type} {row.key}: deleted"


def _outdated_copies(session: Session) -> Iterator[str]:
    rows = session.execute(
        select(QueryMember.query_uuid, ContentItem.content_type, ContentItem.key)
        .join(ContentItem, ContentItem.id == QueryMember.content_id)
        .where(
            QueryMember.removed_at.is_(None),
            QueryMember.sort_key != ContentItem.key,
        )
    )
    for row in rows:
        yield f"query_members: query {row.query_uuid}, {row.content_type} {row.key}: out of date"


def _unready_catalogs(session: Session) -> Iterator[str]:
    rows = session.scalars(
        select(Catalog.uuid)
        .join(CatalogQuery, CatalogQuery.uuid == Catalog.query_uuid)
        .where(CatalogQuery.ready.is_(False))
    )
    for uuid in rows:
        yield f"enterprise_catalogs: {uuid}: serves a filter that is not evaluated yet"
