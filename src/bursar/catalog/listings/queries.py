"""What is read of the content of a catalog, each in one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

from bursar.catalog.catalogs.models import CatalogChange
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.models import ContentItem, NestedRun
from bursar.catalog.listings.commands import Selection
from bursar.catalog.listings.owned import CatalogTarget
from bursar.catalog.membership.listed import is_listed, last_listed
from bursar.catalog.membership.models import AllowedRun, QueryMember
from bursar.catalog.membership.restricted import is_shown
from bursar.clock import NEVER
from bursar.database.types import AnyRow

_items = ContentItem.__table__.c
_BODIES = select(_items.id, _items.body).where(_items.id.in_(bindparam("ids", expanding=True)))
_ALLOWED = select(AllowedRun.__table__.c.run_key).where(
    AllowedRun.__table__.c.query_uuid == bindparam("query_uuid")
)
_BODY = select(_items.body).where(_items.id == bindparam("content_id"))


def bodies(connection: Connection, ids: Sequence[int]) -> list[bytes]:
    """The stored templates in the order of the ids."""
    if not ids:
        return []
    found = {row[0]: row[1] for row in connection.execute(_BODIES, {"ids": list(ids)})}
    return [found[content_id] for content_id in ids]


def body(connection: Connection, content_id: int) -> bytes:
    template: bytes = connection.execute(_BODY, {"content_id": content_id}).scalar_one()
    return template


def allowed_runs(connection: Connection, query_uuid: UUID) -> Sequence[str]:
    """The keys of the restricted runs that the query's catalogs show."""
    return connection.scalars(_ALLOWED, {"query_uuid": query_uuid}).all()


def _run_of_catalog() -> Select[Any]:
    item, member = ContentItem.__table__, QueryMember.__table__
    wanted: BindParameter[str] = bindparam("run_key")
    own = select(item.c.id).where(
        item.c.content_type == ContentType.COURSE_RUN.value, item.c.key == wanted
    )
    query: BindParameter[UUID] = bindparam("query_uuid", type_=member.c.query_uuid.type)
    nested = select(NestedRun.__table__.c.course_id).where(
        NestedRun.run_key == wanted, is_shown(NestedRun.__table__, query)
    )
    # OR would be simpler, but each half of a union is found by its own index.
    candidates = own.union_all(nested).subquery()
    return (
        select(item.c.id, item.c.content_type, item.c.body_hash)
        .select_from(
            candidates.join(item, item.c.id == candidates.c.id).join(
                member, member.c.content_id == item.c.id
            )
        )
        .where(member.c.query_uuid == query, member.c.removed_at.is_(None))
        .order_by(item.c.content_type.desc(), item.c.id)  # courserun before course
        .limit(1)
    )


_RUN = _run_of_catalog()


def find_run(connection: Connection, query_uuid: UUID, run_key: str) -> AnyRow | None:
    """The document that answers for a run: its own, else the one of a course that holds it."""
    values = {"query_uuid": query_uuid, "run_key": run_key}
    row: AnyRow | None = connection.execute(_RUN, values).first()
    return row


def selected_ids(connection: Connection, catalog: CatalogTarget, wanted: Selection) -> list[int]:
    """Members with one of the keys, and courses that hold runs with one of them, listed or not.

    With an instant: those that are listed now and were not, or were different, at that instant.
    """
    conditions = [QueryMember.query_uuid == catalog.query_uuid, QueryMember.removed_at.is_(None)]
    if wanted.keys:
        holders = _holders(catalog, wanted.keys)
        by_key = QueryMember.sort_key.in_(wanted.keys)
        conditions.append(or_(by_key, QueryMember.content_id.in_(holders)))
    if wanted.since is not None:
        # Nothing opens by the passing of time: what is listed now and was not, has changed.
        conditions += [is_listed(wanted.now), _is_new(catalog, wanted.since)]
    statement = select(QueryMember.content_id).where(*conditions)
    ordered = statement.order_by(QueryMember.sort_key, QueryMember.content_id)
    return list(connection.scalars(ordered))


def _holders(catalog: CatalogTarget, run_keys: Sequence[str]) -> Select[Any]:
    """The courses that stand for runs which no document of their own tells of."""
    nested, own = NestedRun.__table__, ContentItem.__table__.alias("own")
    has_own = exists().where(
        own.c.key == nested.c.run_key,
        own.c.content_type == ContentType.COURSE_RUN.value,
        own.c.deleted_at.is_(None),
    )
    query = literal(catalog.query_uuid, QueryMember.query_uuid.type)
    return select(nested.c.course_id).where(
        nested.c.run_key.in_(run_keys), is_shown(nested, query), not_(has_own)
    )


def _is_new(catalog: CatalogTarget, since: datetime) -> ColumnElement[bool]:
    if catalog.created_at > since:
        return true()
    arrived = select(CatalogChange.content_id).where(
        CatalogChange.catalog_uuid == catalog.uuid,
        CatalogChange.arrived,
        CatalogChange.at > since,
    )
    return or_(QueryMember.changed_at > since, QueryMember.content_id.in_(arrived))


def removed_since(
    connection: Connection, catalog: CatalogTarget, wanted: Selection, since: datetime
) -> Sequence[AnyRow]:
    """key, content_type, removed_at and reason of what the catalog listed after `since` and does
    not list now. A catalog that is newer has lost nothing."""
    if catalog.created_at > since:
        return []
    member = QueryMember.__table__.alias("member")
    gone = _gone(catalog, since, wanted.now)
    of_item: tuple[ColumnElement[Any], ...] = (
        _items.id, _items.key, _items.content_type, _items.deleted_at,
        member.c.content_id, member.c.active_until,
    )  # fmt: skip
    reason = case(
        (_items.deleted_at.is_not(None), "deleted"),
        (member.c.content_id.is_(None), "filtered"),
        (member.c.active_until == NEVER, "unpublished"),
        else_="closed",
    )
    at = func.max(gone.c.at).label("removed_at")
    statement = (
        select(_items.key, _items.content_type, at, reason.label("reason"))
        .select_from(
            ContentItem.__table__.join(gone, gone.c.content_id == _items.id).outerjoin(
                member,
                and_(
                    member.c.query_uuid == catalog.query_uuid,
                    member.c.content_id == _items.id,
                    member.c.removed_at.is_(None),
                ),
            )
        )
        .group_by(*of_item)
        .order_by(_items.key, _items.id)
    )
    if wanted.keys:
        holders = _holders(catalog, wanted.keys)
        statement = statement.where(or_(_items.key.in_(wanted.keys), _items.id.in_(holders)))
    return connection.execute(statement).all()


def _gone(catalog: CatalogTarget, since: datetime, now: datetime) -> Subquery:
    """content_id and at: what left the listing of the query, or left when the catalog came to serve
    another query."""
    of_query, until = QueryMember.query_uuid == catalog.query_uuid, last_listed(now)
    left_query = select(QueryMember.content_id, until.label("at")).where(
        of_query,
        not_(is_listed(now)),
        # Before the catalog served the query, its history is that of other catalogs.
        until > literal(max(since, catalog.query_since), QueryMember.changed_at.type),
    )
    left_catalog = select(CatalogChange.content_id, CatalogChange.at).where(
        CatalogChange.catalog_uuid == catalog.uuid,
        CatalogChange.arrived.is_(False),
        CatalogChange.at > since,
        CatalogChange.content_id.not_in(
            select(QueryMember.content_id).where(of_query, is_listed(now))
        ),
    )
    return left_query.union_all(left_catalog).subquery()
