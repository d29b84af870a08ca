"""Wire types, in the reference's key order."""

from uuid import UUID

import msgspec


class CatalogSummary(msgspec.Struct, frozen=True):
    """An item of `enterprise-catalogs`."""

    uuid: UUID
    title: str
    enterprise_customer: UUID
    catalog_query_uuid: UUID | None
    content_last_modified: str
    catalog_modified: str
    query_title: str | None
    include_exec_ed_2u_courses: bool


class CatalogList(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: list[CatalogSummary]
