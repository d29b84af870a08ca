"""What one catalog gained and lost when it changed from one query to another.

What a query itself gains and loses stands in its members (QueryMember), for all of its catalogs.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, insert, literal, not_, or_, select
from sqlalchemy.orm import Session, aliased

from bursar.catalog.catalogs.models import Catalog, CatalogChange
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.models import ContentItem, NestedRun
from bursar.catalog.membership.listed import is_listed, last_listed
from bursar.catalog.membership.models import AllowedRun, QueryMember


def note_arrivals(
    session: Session, catalog: Catalog, new: UUID, old: UUID | None, now: datetime
) -> None:
    """Notes what the catalog shows now that it did not show in the same way by the query `old`."""
    other = aliased(QueryMember)
    is_same = exists().where(
        other.query_uuid == old,
        other.content_id == QueryMember.content_id,
        other.removed_at.is_(None),
        other.active_until == QueryMember.active_until,
    )
    conditions = [QueryMember.query_uuid == new, QueryMember.removed_at.is_(None)]
    is_new = or_(not_(is_same), _shows_other_runs(session, new, old))
    _note(session, catalog, _at(now), *conditions, is_new, arrived=True)


def note_departures(
    session: Session,
    catalog: Catalog,
    old: UUID,
    new: UUID | None,
    *,
    since: datetime,
    now: datetime,
) -> None:
    """Notes what the catalog listed by the query `old`, which it serves `since` then, and does not
    list by the query `new`: each with the instant until which it was listed."""
    other = aliased(QueryMember)
    is_listed_on = exists().where(
        other.query_uuid == new,
        other.content_id == QueryMember.content_id,
        other.removed_at.is_(None),
        other.active_until > now,
    )
    until = last_listed(now)
    stays = and_(is_listed(now), is_listed_on)
    _note(
        session, catalog, until, QueryMember.query_uuid == old, until > _at(since), not_(stays),
        arrived=False,
    )  # fmt: skip


def note_joined(session: Session, catalog: Catalog, query: UUID, since: datetime) -> None:
    """Notes unchanged documents that joined the query while the catalog served it, because the
    catalog leaves the query and its history behind."""
    joined_at = QueryMember.changed_at
    changed_at = select(ContentItem.changed_at).where(ContentItem.id == QueryMember.content_id)
    _note(
        session,
        catalog,
        joined_at.expression,
        QueryMember.query_uuid == query,
        QueryMember.removed_at.is_(None),
        joined_at > since,
        joined_at > changed_at.scalar_subquery(),
        arrived=True,
    )


def _shows_other_runs(session: Session, new: UUID, old: UUID | None) -> ColumnElement[bool]:
    """Condition on members: whether one of the queries shows a restricted run of theirs that the
    other does not show."""
    changed = _allowed(session, new) ^ _allowed(session, old)
    if not changed:
        return literal(value=False)
    holders = select(NestedRun.course_id).where(NestedRun.run_key.in_(sorted(changed)))
    # Which runs the courses in a program have is not kept: every program counts.
    programs = select(ContentItem.id).where(ContentItem.content_type == ContentType.PROGRAM.value)
    return or_(QueryMember.content_id.in_(holders), QueryMember.content_id.in_(programs))


def _allowed(session: Session, query: UUID | None) -> set[str]:
    keys = select(AllowedRun.run_key).where(AllowedRun.query_uuid == query)
    return set(session.scalars(keys))


def _at(instant: datetime) -> ColumnElement[Any]:
    return literal(instant, Catalog.created_at.type)


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
