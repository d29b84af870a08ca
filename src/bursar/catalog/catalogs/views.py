"""Catalogs as the API spells them, in the reference's key order."""

from uuid import UUID

import msgspec

from bursar import clock
from bursar.database.types import AnyRow


class CatalogSummary(msgspec.Struct, frozen=True):
    """An item of `enterprise-catalogs`; also the `data` of events about catalogs."""

    uuid: UUID
    title: str
    enterprise_customer: UUID
    catalog_query_uuid: UUID | None
    content_last_modified: str
    catalog_modified: str
    query_title: str | None
    include_exec_ed_2u_courses: bool


def catalog_summary(row: AnyRow) -> CatalogSummary:
    """Of a row with the columns of a catalog, and `content_modified_at` of its query."""
    return CatalogSummary(
        uuid=row.uuid,
        title=row.title,
        enterprise_customer=row.enterprise_uuid,
        catalog_query_uuid=row.query_uuid,
        content_last_modified=clock.format_instant(
            max(row.query_since, row.content_modified_at or row.query_since)
        ),
        catalog_modified=clock.format_instant(row.modified_at),
        query_title=row.query_title,
        include_exec_ed_2u_courses=row.include_exec_ed_2u_courses,
    )
