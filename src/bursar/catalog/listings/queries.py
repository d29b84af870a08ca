"""What is read of the content of a catalog, each in one statement."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, func, or_, select

from bursar.catalog.catalogs.models import CatalogChange
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.models import ContentItem, NestedRun
from bursar.catalog.listings.commands import Selection
from bursar.catalog.listings.owned import CatalogTarget
from bursar.catalog.membership.models import AllowedRun, QueryMember
from bursar.catalog.membership.restricted import is_shown
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
    """Members with one of the keys that changed since the instant; being closed by the clock counts
    as a change."""
    conditions = [QueryMember.query_uuid == catalog.query_uuid, QueryMember.removed_at.is_(None)]
    if wanted.keys:
        conditions.append(QueryMember.sort_key.in_(wanted.keys))
    # In a catalog that was created after the instant, everything is new.
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


def removed_since(
    connection: Connection, catalog: CatalogTarget, wanted: Selection
) -> Sequence[AnyRow]:
    """key, content_type and removed_at of what left the catalog since, because it left the query
    or because the catalog changed to another query."""
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
