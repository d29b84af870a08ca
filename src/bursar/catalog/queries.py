"""Read paths of the catalog endpoints: a constant number of statements each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, bindparam, func, or_, select
from sqlalchemy.sql import ColumnElement

from bursar.catalog.content_types import ContentType
from bursar.catalog.models import (
    Catalog,
    CatalogChange,
    CatalogQuery,
    ContentItem,
    NestedRun,
    QueryMember,
)
from bursar.database.types import AnyRow
from bursar.identity.models import Enterprise
from bursar.web.principal import Owned

_CATALOG = Catalog.__table__.join(Enterprise.__table__).outerjoin(
    CatalogQuery.__table__, CatalogQuery.uuid == Catalog.query_uuid
)
_CATALOG_COLUMNS: tuple[ColumnElement[Any], ...] = (
    Catalog.uuid.expression,
    Catalog.title.expression,
    Catalog.query_uuid.expression,
    Catalog.query_since.expression,
    Catalog.modified_at.expression,
    Enterprise.slug.expression,
    CatalogQuery.version.expression,
    CatalogQuery.content_modified_at.expression,
)

CATALOG = Owned(
    source=_CATALOG,
    enterprise=Catalog.enterprise_uuid.expression,
    condition=Catalog.uuid == bindparam("catalog_id"),
    columns=_CATALOG_COLUMNS,
)


def _item_of_catalog(content_type: ContentType, parameter: str) -> Owned:
    """A catalog together with one of its members, whether listed or not."""
    return Owned(
        source=_CATALOG.join(
            QueryMember.__table__,
            and_(QueryMember.query_uuid == Catalog.query_uuid, QueryMember.removed_at.is_(None)),
        ).join(ContentItem.__table__, ContentItem.id == QueryMember.content_id),
        enterprise=Catalog.enterprise_uuid.expression,
        condition=and_(
            Catalog.uuid == bindparam("catalog_id"),
            ContentItem.content_type == content_type.value,
            ContentItem.key == bindparam(parameter),
            # Says the same of the member: found by an index, whatever the planner starts with.
            QueryMember.sort_key == bindparam(parameter),
        ),
        columns=(
            *_CATALOG_COLUMNS,
            ContentItem.id.label("content_id"),
            ContentItem.body_hash.expression,
        ),
    )


COURSE = _item_of_catalog(ContentType.COURSE, "course_key")
PROGRAM = _item_of_catalog(ContentType.PROGRAM, "program_uuid")

_BODIES = select(ContentItem.id, ContentItem.body).where(
    ContentItem.id.in_(bindparam("ids", expanding=True))
)
_BODY = select(ContentItem.body).where(ContentItem.id == bindparam("content_id"))


def bodies(connection: Connection, ids: Sequence[int]) -> list[bytes]:
    """The stored templates in the order of the ids."""
    if not ids:
        return []
    found = {row[0]: row[1] for row in connection.execute(_BODIES, {"ids": list(ids)})}
    return [found[content_id] for content_id in ids]


def body(connection: Connection, content_id: int) -> bytes:
    template: bytes = connection.execute(_BODY, {"content_id": content_id}).scalar_one()
    return template


def find_run(connection: Connection, query_uuid: UUID, run_key: str) -> AnyRow | None:
    """The document that answers for a run: its own, else the one of a course that holds it."""
    nested = select(NestedRun.course_id).where(NestedRun.run_key == run_key)
    own = and_(ContentItem.content_type == ContentType.COURSE_RUN.value, ContentItem.key == run_key)
    row: AnyRow | None = connection.execute(
        select(ContentItem.id, ContentItem.content_type, ContentItem.body_hash)
        .join(QueryMember, QueryMember.content_id == ContentItem.id)
        .where(
            QueryMember.query_uuid == query_uuid,
            QueryMember.removed_at.is_(None),
            or_(own, ContentItem.id.in_(nested)),
        )
        .order_by(ContentItem.content_type.desc(), ContentItem.id)  # courserun before course
        .limit(1)
    ).first()
    return row


@dataclass(frozen=True, slots=True)
class Selection:
    """What a filtered listing asks for, beyond being a member."""

    keys: tuple[str, ...]
    since: datetime | None
    now: datetime


def selected_ids(connection: Connection, catalog: AnyRow, wanted: Selection) -> list[int]:
    """Members with one of the keys, changed since the instant: the clock closing one counts."""
    conditions = [QueryMember.query_uuid == catalog.query_uuid, QueryMember.removed_at.is_(None)]
    if wanted.keys:
        conditions.append(QueryMember.sort_key.in_(wanted.keys))
    if wanted.since is not None:
        arrived = select(CatalogChange.content_id).where(
            CatalogChange.catalog_uuid == catalog.uuid,
            CatalogChange.arrived,
            CatalogChange.at > wanted.since,
        )
        conditions.append(
            or_(
                QueryMember.changed_at > wanted.since,
                and_(
                    QueryMember.active_until > wanted.since,
                    QueryMember.active_until <= wanted.now,
                ),
                QueryMember.content_id.in_(arrived),
            )
        )
    statement = select(QueryMember.content_id).where(*conditions)
    ordered = statement.order_by(QueryMember.sort_key, QueryMember.content_id)
    return list(connection.scalars(ordered))


def removed_since(connection: Connection, catalog: AnyRow, wanted: Selection) -> Sequence[AnyRow]:
    """key, content_type and removed_at of what left the catalog since, by whichever way."""
    left_query = select(QueryMember.content_id, QueryMember.removed_at.label("at")).where(
        QueryMember.query_uuid == catalog.query_uuid,
        QueryMember.removed_at > wanted.since,
        QueryMember.removed_at > catalog.query_since,
    )
    members = select(QueryMember.content_id).where(
        QueryMember.query_uuid == catalog.query_uuid, QueryMember.removed_at.is_(None)
    )
    left_catalog = select(CatalogChange.content_id, CatalogChange.at).where(
        CatalogChange.catalog_uuid == catalog.uuid,
        CatalogChange.arrived.is_(False),
        CatalogChange.at > wanted.since,
        CatalogChange.content_id.not_in(members),
    )
    gone = left_query.union_all(left_catalog).subquery()
    statement = (
        select(ContentItem.key, ContentItem.content_type, func.max(gone.c.at).label("removed_at"))
        .join(gone, gone.c.content_id == ContentItem.id)
        .group_by(ContentItem.id, ContentItem.key, ContentItem.content_type)
        .order_by(ContentItem.key, ContentItem.id)
    )
    if wanted.keys:
        statement = statement.where(ContentItem.key.in_(wanted.keys))
    return connection.execute(statement).all()


def catalogs_page(
    connection: Connection, enterprises: Sequence[UUID], offset: int, limit: int
) -> Sequence[AnyRow]:
    """Oldest first; every row also carries the length of the whole list as `total`."""
    rows: Sequence[AnyRow] = connection.execute(
        select(
            Catalog.uuid,
            Catalog.title,
            Catalog.enterprise_uuid,
            Catalog.query_uuid,
            Catalog.query_since,
            CatalogQuery.content_modified_at,
            Catalog.modified_at,
            Catalog.query_title,
            Catalog.include_exec_ed_2u_courses,
            func.count().over().label("total"),
        )
        .outerjoin(CatalogQuery, CatalogQuery.uuid == Catalog.query_uuid)
        .where(Catalog.enterprise_uuid.in_(enterprises))
        .order_by(Catalog.created_at, Catalog.uuid)
        .offset(offset)
        .limit(limit)
    ).all()
    return rows


def catalogs_count(connection: Connection, enterprises: Sequence[UUID]) -> int:
    statement = select(func.count()).where(Catalog.enterprise_uuid.in_(enterprises))
    return connection.execute(statement.select_from(Catalog)).scalar_one()
