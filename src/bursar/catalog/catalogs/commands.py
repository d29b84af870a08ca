"""What can be asked of catalogs, and what comes of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import UNSET, UnsetType

from bursar.catalog.catalogs.views import CatalogSummary
from bursar.pages import Page

REFRESH_INLINE_LIMIT: Final = 10_000
"""Over more documents a filter is evaluated in the background; the settings can say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutCatalog:
    """What a catalog shall be. What is unset keeps its stored value."""

    enterprise_uuid: UUID
    catalog_uuid: UUID
    title: str | UnsetType = UNSET
    content_filter: dict[str, Any] | UnsetType | None = UNSET
    """None selects nothing, and `{}` everything."""
    query_title: str | UnsetType | None = UNSET
    include_exec_ed_2u_courses: bool | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class CatalogRecord:
    """A catalog as a manifest declares it, with the filter it has or is about to have."""

    uuid: UUID
    title: str
    content_filter: dict[str, Any] | None
    query_title: str | None
    include_exec_ed_2u_courses: bool


@dataclass(frozen=True, slots=True)
class CatalogPage:
    page: Page
    results: list[CatalogSummary]
    last_change: datetime | None
    """Of the whole list: what happens on one page can change the count and links of another.
    None for an empty page."""
