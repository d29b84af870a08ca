"""What a path can name: a catalog, or a course or a program of one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, bindparam
from sqlalchemy.sql import ColumnElement

from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.models import ContentItem
from bursar.catalog.membership.models import CatalogQuery, QueryMember
from bursar.database.types import UuidText
from bursar.identity.models import Enterprise
from bursar.tenancy import Owned


@dataclass(frozen=True, slots=True)
class CatalogTarget:
    enterprise_uuid: UUID
    uuid: UUID
    title: str
    query_uuid: UUID | None
    query_since: datetime
    created_at: datetime
    modified_at: datetime
    slug: str
    """Of the enterprise."""
    version: int | None
    """Of the query; None without one."""
    content_modified_at: datetime | None


@dataclass(frozen=True, slots=True)
class CatalogItemTarget(CatalogTarget):
    """A catalog together with one of its members, whether listed or not."""

    content_id: int
    body_hash: bytes


_CATALOG: Final = Catalog.__table__.join(Enterprise.__table__).outerjoin(
    CatalogQuery.__table__, CatalogQuery.uuid == Catalog.query_uuid
)
_CATALOG_COLUMNS: Final[tuple[ColumnElement[Any], ...]] = (
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

CATALOG: Final = Owned(
    CatalogTarget,
    source=_CATALOG,
    enterprise=Catalog.enterprise_uuid.expression,
    condition=Catalog.uuid == bindparam("catalog_id"),
    columns=_CATALOG_COLUMNS,
)


def _item_of_catalog(
    content_type: ContentType, key: ColumnElement[Any]
) -> Owned[CatalogItemTarget]:
    return Owned(
        CatalogItemTarget,
        source=_CATALOG.join(
            QueryMember.__table__,
            and_(QueryMember.query_uuid == Catalog.query_uuid, QueryMember.removed_at.is_(None)),
        ).join(ContentItem.__table__, ContentItem.id == QueryMember.content_id),
        enterprise=Catalog.enterprise_uuid.expression,
        condition=and_(
            Catalog.uuid == bindparam("catalog_id"),
            ContentItem.content_type == content_type.value,
            ContentItem.key == key,
            # This says the same of the member, so that it is found by an index whichever of the
            # two tables the planner starts with.
            QueryMember.sort_key == key,
        ),
        columns=(
            *_CATALOG_COLUMNS,
            ContentItem.id.label("content_id"),
            ContentItem.body_hash.expression,
        ),
    )


COURSE: Final = _item_of_catalog(ContentType.COURSE, bindparam("course_key"))
PROGRAM: Final = _item_of_catalog(ContentType.PROGRAM, bindparam("program_uuid", type_=UuidText()))
