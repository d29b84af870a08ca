"""The models of enterprise-catalog that are read."""

from typing import Final
from uuid import UUID

import msgspec

from bursar.adopting.edx_enterprise import Filter
from bursar.adopting.shapes import KnownFields, Shape


class CatalogFields(KnownFields, frozen=True, kw_only=True):
    title: str
    enterprise_uuid: UUID
    enterprise_name: str | None = None
    catalog_query: int | None = None


class CatalogQueryFields(KnownFields, frozen=True, kw_only=True):
    uuid: UUID
    title: str | None = None
    content_filter: Filter = msgspec.field(default_factory=dict)
    include_exec_ed_2u_courses: bool = False


CATALOG: Final = Shape(
    "catalog.enterprisecatalog", CatalogFields, parent=lambda fields: fields.enterprise_uuid
)
CATALOG_QUERY: Final = Shape("catalog.catalogquery", CatalogQueryFields, pk=int)

SHAPES: Final = (CATALOG, CATALOG_QUERY)
NOT_READ: Final = {
    "catalog.contentmetadata": "import content from the discovery service",
    "catalog.restrictedcoursemetadata": "import content from the discovery service",
    "catalog.restrictedrunallowedforrestrictedcourse": "filters say which runs are allowed",
    "catalog.enterprisecatalogfeaturerole": "roles are given to clients here",
    "catalog.enterprisecatalogroleassignment": "roles are given to clients here",
}
"""Why models are not read."""
