"""Catalogs as the API spells them, in the reference's key order."""

from datetime import datetime
from uuid import UUID

import msgspec

from bursar import clock
from bursar.catalog.catalogs.models import Catalog
from bursar.database.types import AnyRow


class CatalogSummary(msgspec.Struct, frozen=True):
    """An item of `enterprise-catalogs`."""

    # Events about catalogs carry it too. The docstring is part of the OpenAPI document.

    uuid: UUID
    title: str
    enterprise_customer: UUID
    catalog_query_uuid: UUID | None
    content_last_modified: str
    catalog_modified: str
    query_title: str | None
    include_exec_ed_2u_courses: bool


class ListedItem(msgspec.Struct, frozen=True, kw_only=True):
    """A document that a catalog lists, or lists no more: a program by its uuid, others by key."""

    key: str | msgspec.UnsetType = msgspec.UNSET
    uuid: str | msgspec.UnsetType = msgspec.UNSET
    content_type: str
    reason: str
    """`selected` or `opened`; `filtered`, `deleted`, `unpublished` or `closed`."""


class CatalogItems(msgspec.Struct, frozen=True):
    """Up to 500 documents; more are in further events."""

    catalog_uuid: UUID
    items: list[ListedItem]


def catalog_summary(
    catalog: Catalog | AnyRow, filter_uuid: UUID | None, content_modified_at: datetime | None
) -> CatalogSummary:
    """Of a catalog, or a row with its columns; of its query, what follows from the filter, and the
    instant at which its content last changed."""
    return CatalogSummary(
        uuid=catalog.uuid,
        title=catalog.title,
        enterprise_customer=catalog.enterprise_uuid,
        catalog_query_uuid=filter_uuid or catalog.query_uuid,
        content_last_modified=clock.format_instant(
            max(catalog.query_since, content_modified_at or catalog.query_since)
        ),
        catalog_modified=clock.format_instant(catalog.modified_at),
        query_title=catalog.query_title,
        include_exec_ed_2u_courses=catalog.include_exec_ed_2u_courses,
    )
