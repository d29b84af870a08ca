"""Documents and queries as they are evaluated."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.models import ContentItem
from bursar.catalog.content.templates import decode_template
from bursar.catalog.filters.fields import DEFAULT_PARTNER
from bursar.catalog.filters.service import ContentFilter, compile_filter
from bursar.catalog.membership.evaluation import Query, StoredItem
from bursar.catalog.membership.models import CatalogQuery
from bursar.database.bulk import is_any_of

PARTNER_KEY: Final = "catalog.partner"
"""In `Session.info`: see `partner_of`."""


def partner_of(session: Session) -> str:
    """The partner that documents belong to when they name none: the composition sets it."""
    partner = session.info.get(PARTNER_KEY)
    return partner if isinstance(partner, str) else DEFAULT_PARTNER


def load_queries(session: Session) -> list[Query]:
    rows = session.execute(
        select(CatalogQuery.uuid, CatalogQuery.content_filter, CatalogQuery.include_exec_ed)
    )
    return [
        Query(row.uuid, compiled(msgspec.json.encode(row.content_filter)), row.include_exec_ed)
        for row in rows
    ]


@lru_cache(maxsize=4096)
def compiled(encoded_filter: bytes) -> ContentFilter:
    return compile_filter(msgspec.json.decode(encoded_filter))


def compile_query(query: CatalogQuery) -> Query:
    return Query(query.uuid, compile_filter(query.content_filter), query.include_exec_ed)


def load_items(
    session: Session, condition: ColumnElement[bool], limit: int | None = None
) -> list[StoredItem]:
    """Documents with their data, in the order of their ids; deleted ones are left out."""
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
        .where(condition, ContentItem.deleted_at.is_(None))
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


def with_families(
    session: Session, items: Sequence[StoredItem], others: Collection[str | None] = ()
) -> dict[int, StoredItem]:
    """By their ids, with all documents of their families and of the others."""
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
