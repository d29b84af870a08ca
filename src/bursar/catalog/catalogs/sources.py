"""Where the content of catalogs comes from: the filters that they have, or wait for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, and_, bindparam, or_, select

from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.membership.models import CatalogQuery
from bursar.database.types import AnyRow

_catalogs: Final = Catalog.__table__.c
_SERVED: Final = CatalogQuery.__table__.alias("served")
_PENDING: Final = CatalogQuery.__table__.alias("pending")


@dataclass(frozen=True, slots=True)
class CatalogSource:
    """What a catalog lists comes from this."""

    query_uuid: UUID | None
    version: int
    """Of the query; it grows with every change of what the filter selects."""
    content_filter: dict[str, Any] | None
    """None selects nothing."""
    pending_query_uuid: UUID | None
    """That of another filter that is being evaluated, and takes over when that is done."""
    pending_filter: dict[str, Any] | None
    include_exec_ed: bool
    modified_at: datetime
    """When the catalog itself was changed last."""

    @property
    def is_pending(self) -> bool:
        return self.pending_query_uuid is not None

    @property
    def wanted_uuid(self) -> UUID | None:
        """Of the query that the catalog has, or is about to have."""
        return self.pending_query_uuid or self.query_uuid

    @property
    def wanted_filter(self) -> dict[str, Any] | None:
        """That which the catalog has, or is about to have."""
        return self.pending_filter if self.is_pending else self.content_filter


_SOURCES: Final = (
    select(
        _catalogs.uuid,
        _catalogs.query_uuid,
        _catalogs.pending_query_uuid,
        _catalogs.include_exec_ed_2u_courses,
        _catalogs.modified_at,
        _SERVED.c.version,
        _SERVED.c.content_filter,
        _PENDING.c.content_filter.label("pending_filter"),
    )
    .select_from(
        Catalog.__table__.outerjoin(_SERVED, _SERVED.c.uuid == _catalogs.query_uuid).outerjoin(
            _PENDING, _PENDING.c.uuid == _catalogs.pending_query_uuid
        )
    )
    .where(_catalogs.uuid.in_(bindparam("uuids", expanding=True)))
)


def sources_of(connection: Connection, catalog_uuids: Sequence[UUID]) -> dict[UUID, CatalogSource]:
    """Of a page of catalogs: one statement."""
    rows = connection.execute(_SOURCES, {"uuids": list(catalog_uuids)})
    return {row.uuid: _source(row) for row in rows}


def _source(row: AnyRow) -> CatalogSource:
    return CatalogSource(
        row.query_uuid,
        row.version or 0,
        row.content_filter,
        row.pending_query_uuid,
        row.pending_filter,
        row.include_exec_ed_2u_courses,
        row.modified_at,
    )


def catalogs_with_filter(
    connection: Connection, enterprise_uuid: UUID, query_uuid: UUID, limit: int
) -> list[tuple[UUID, str]]:
    """Uuid and title of the enterprise's catalogs that have the query, or wait for it, the oldest
    first."""
    waits = _catalogs.pending_query_uuid == query_uuid
    has = and_(_catalogs.pending_query_uuid.is_(None), _catalogs.query_uuid == query_uuid)
    statement = (
        select(_catalogs.uuid, _catalogs.title)
        .where(_catalogs.enterprise_uuid == enterprise_uuid, or_(waits, has))
        .order_by(_catalogs.created_at, _catalogs.uuid)
        .limit(limit)
    )
    return [(row.uuid, row.title) for row in connection.execute(statement)]
