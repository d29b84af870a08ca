"""What one catalog gained and lost when it changed from one query to another.

What a query itself gains and loses stands in its members (QueryMember), for all of its catalogs.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, insert, literal, select
from sqlalchemy.orm import Session, aliased

from bursar.catalog.catalogs.models import Catalog, CatalogChange
from bursar.catalog.content.models import ContentItem
from bursar.catalog.membership.models import QueryMember


def note_difference(
    session: Session,
    catalog: Catalog,
    has: UUID,
    has_not: UUID | None,
    now: datetime,
    *,
    arrived: bool,
) -> None:
    """Notes the members of the query `has` that are no members of the query `has_not`: they arrived
    in the catalog, or left it."""
    other = aliased(QueryMember)
    in_other = exists().where(
        other.query_uuid == has_not,
        other.content_id == QueryMember.content_id,
        other.removed_at.is_(None),
    )
    at = literal(now, Catalog.created_at.type)
    is_member = QueryMember.removed_at.is_(None)
    _note(
        session, catalog, at, QueryMember.query_uuid == has, is_member, ~in_other, arrived=arrived
    )


def note_history(session: Session, catalog: Catalog, query: UUID, since: datetime) -> None:
    """Copies what happened in a query while the catalog served it, because the catalog leaves the
    query and its history behind: what left it, and unchanged documents that joined it."""
    of_query, left_at = QueryMember.query_uuid == query, QueryMember.removed_at
    _note(session, catalog, left_at.expression, of_query, left_at > since, arrived=False)
    joined_at = QueryMember.changed_at
    changed_at = select(ContentItem.changed_at).where(ContentItem.id == QueryMember.content_id)
    is_older = joined_at > changed_at.scalar_subquery()
    is_member = left_at.is_(None)
    _note(
        session, catalog, joined_at.expression, of_query, is_member, joined_at > since, is_older,
        arrived=True,
    )  # fmt: skip


def _note(
    session: Session,
    catalog: Catalog,
    at: ColumnElement[Any],
    *conditions: ColumnElement[bool],
    arrived: bool,
) -> None:
    members = select(
        literal(catalog.enterprise_uuid, Catalog.enterprise_uuid.type),
        literal(catalog.uuid, Catalog.uuid.type),
        QueryMember.content_id,
        literal(arrived),
        at,
    ).where(*conditions)
    names = ["enterprise_uuid", "catalog_uuid", "content_id", "arrived", "at"]
    session.execute(insert(CatalogChange).from_select(names, members))
