"""What is read of catalogs themselves."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, select

from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.membership.models import CatalogQuery, QueryMember
from bursar.clock import NEVER
from bursar.database.types import AnyRow

# The statements are made of plain tables and built once: building one at every request costs more
# than the database takes to answer it.
_catalogs, _queries = Catalog.__table__.c, CatalogQuery.__table__.c
_members = QueryMember.__table__.c
_OF_ENTERPRISES = _catalogs.enterprise_uuid.in_(bindparam("enterprises", expanding=True))
_CATALOGS_COUNT = select(func.count()).select_from(Catalog.__table__).where(_OF_ENTERPRISES)
_LAST_CLOSED = (
    select(_members.active_until)
    .where(
        _members.query_uuid == _queries.uuid,
        # While its statistics are older than the rows, PostgreSQL believes that few rows have no
        # `removed_at`. It would then read all members of the query, or sort all that were closed,
        # rather than take the first one from the index. Of a comparison it believes that it holds
        # for every third row.
        func.coalesce(_members.removed_at, NEVER) <= NEVER,
        _members.active_until <= bindparam("now", type_=_members.active_until.type),
    )
    .order_by(_members.active_until.desc())
    .limit(1)
    .scalar_subquery()
)
"""Of the documents that the clock closed."""
# A subquery, so that PostgreSQL looks for what was closed once, and not for each column that needs
# it.
_SOURCES = select(
    _queries.uuid,
    _queries.filter_uuid,
    _queries.content_modified_at,
    _LAST_CLOSED.label("last_closed_at"),
).subquery()
_sources = _SOURCES.c
_CATALOGS_PAGE = (
    select(
        _catalogs.uuid,
        _catalogs.title,
        _catalogs.enterprise_uuid,
        _catalogs.query_uuid,
        _catalogs.query_since,
        _sources.filter_uuid,
        _sources.content_modified_at,
        _sources.last_closed_at,
        _catalogs.modified_at,
        _catalogs.query_title,
        _catalogs.include_exec_ed_2u_courses,
        func.count().over().label("total"),
        func.max(_catalogs.modified_at).over().label("last_modified_at"),
        func.max(_catalogs.query_since).over().label("last_query_since"),
        func.max(_sources.content_modified_at).over().label("last_content_modified_at"),
        func.max(_sources.last_closed_at).over().label("last_of_all_closed_at"),
    )
    .select_from(Catalog.__table__.outerjoin(_SOURCES, _sources.uuid == _catalogs.query_uuid))
    .where(_OF_ENTERPRISES)
    .order_by(_catalogs.created_at, _catalogs.uuid)
    .offset(bindparam("skipped"))
    .limit(bindparam("size"))
)


def catalogs_page(
    connection: Connection,
    enterprises: Sequence[UUID],
    offset: int,
    limit: int,
    now: datetime,
) -> Sequence[AnyRow]:
    """Oldest first; every row also carries the length and the last changes of the whole list."""
    values = {"enterprises": list(enterprises), "skipped": offset, "size": limit, "now": now}
    rows: Sequence[AnyRow] = connection.execute(_CATALOGS_PAGE, values).all()
    return rows


def catalogs_count(connection: Connection, enterprises: Sequence[UUID]) -> int:
    count: int = connection.execute(
        _CATALOGS_COUNT, {"enterprises": list(enterprises)}
    ).scalar_one()
    return count
