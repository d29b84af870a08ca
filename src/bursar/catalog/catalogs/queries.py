"""Read paths of the catalog endpoints: a constant number of statements each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, func, or_, select
from sqlalchemy.sql import ColumnElement

from bursar.catalog.catalogs.models import Catalog, CatalogChange
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.models import ContentItem, NestedRun
from bursar.catalog.membership.models import CatalogQuery, QueryMember
from bursar.database.types import AnyRow, UuidText
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
    Catalog.created_at.expression,
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


def _item_of_catalog(content_type: ContentType, key: ColumnElement[Any]) -> Owned:
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
            ContentItem.key == key,
            # Says the same of the member: found by an index, whatever the planner starts with.
            QueryMember.sort_key == key,
        ),
        columns=(
            *_CATALOG_COLUMNS,
            ContentItem.id.label("content_id"),
            ContentItem.body_hash.expression,
        ),
    )


COURSE = _item_of_catalog(ContentType.COURSE, bindparam("course_key"))
PROGRAM = _item_of_catalog(ContentType.PROGRAM, bindparam("program_uuid", type_=UuidText()))

_items = ContentItem.__table__.c
_BODIES = select(_items.id, _items.body).where(_items.id.in_(bindparam("ids", expanding=True)))
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


def _run_of_catalog() -> Select[Any]:
    item, member = ContentItem.__table__, QueryMember.__table__
    wanted: BindParameter[str] = bindparam("run_key")
    own = select(item.c.id).where(
        item.c.content_type == ContentType.COURSE_RUN.value, item.c.key == wanted
    )
    nested = select(NestedRun.__table__.c.course_id).where(NestedRun.run_key == wanted)
    # A union, where OR would be simpler: each half is found by its index.
    candidates = own.union_all(nested).subquery()
    return (
        select(item.c.id, item.c.content_type, item.c.body_hash)
        .select_from(
            candidates.join(item, item.c.id == candidates.c.id).join(
                member, member.c.content_id == item.c.id
            )
        )
        .where(member.c.query_uuid == bindparam("query_uuid"), member.c.removed_at.is_(None))
        .order_by(item.c.content_type.desc(), item.c.id)  # courserun before course
        .limit(1)
    )


_RUN = _run_of_catalog()


def find_run(connection: Connection, query_uuid: UUID, run_key: str) -> AnyRow | None:
    """The document that answers for a run: its own, else the one of a course that holds it."""
    values = {"query_uuid": query_uuid, "run_key": run_key}
    row: AnyRow | None = connection.execute(_RUN, values).first()
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
    # Of a catalog that is younger than the instant itself, everything is new.
    if wanted.since is not None and catalog.created_at <= wanted.since:
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


# Plain tables and built once: a statement that is new at every request costs more than it asks.
_catalogs, _queries = Catalog.__table__.c, CatalogQuery.__table__.c
_OF_ENTERPRISES = _catalogs.enterprise_uuid.in_(bindparam("enterprises", expanding=True))
_CATALOGS_COUNT = select(func.count()).select_from(Catalog.__table__).where(_OF_ENTERPRISES)
_CATALOGS_PAGE = (
    select(
        _catalogs.uuid,
        _catalogs.title,
        _catalogs.enterprise_uuid,
        _catalogs.query_uuid,
        _catalogs.query_since,
        _queries.content_modified_at,
        _catalogs.modified_at,
        _catalogs.query_title,
        _catalogs.include_exec_ed_2u_courses,
        func.count().over().label("total"),
        func.max(_catalogs.modified_at).over().label("last_modified_at"),
        func.max(_catalogs.query_since).over().label("last_query_since"),
        func.max(_queries.content_modified_at).over().label("last_content_modified_at"),
    )
    .select_from(
        Catalog.__table__.outerjoin(CatalogQuery.__table__, _queries.uuid == _catalogs.query_uuid)
    )
    .where(_OF_ENTERPRISES)
    .order_by(_catalogs.created_at, _catalogs.uuid)
    .offset(bindparam("skipped"))
    .limit(bindparam("size"))
)


def catalogs_page(
    connection: Connection, enterprises: Sequence[UUID], offset: int, limit: int
) -> Sequence[AnyRow]:
    """Oldest first; every row also carries the length and the last changes of the whole list."""
    values = {"enterprises": list(enterprises), "skipped": offset, "size": limit}
    rows: Sequence[AnyRow] = connection.execute(_CATALOGS_PAGE, values).all()
    return rows


def catalogs_count(connection: Connection, enterprises: Sequence[UUID]) -> int:
    count: int = connection.execute(
        _CATALOGS_COUNT, {"enterprises": list(enterprises)}
    ).scalar_one()
    return count
