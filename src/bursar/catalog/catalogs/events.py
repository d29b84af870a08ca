"""What happens to catalogs."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from bursar.catalog.catalogs.views import CatalogItems, CatalogSummary
from bursar.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogChanged(Event):
    """A catalog was created, or its fields or its filter became others."""

    type: ClassVar[str] = "catalog.changed"
    object_type: ClassVar[str] = "catalog"
    is_public: ClassVar[bool] = True

    data: CatalogSummary
    pending_query_uuid: UUID | None
    """The query of a new filter over so much content that it is evaluated in the background."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogContentAdded(Event):
    """The catalog has come to list documents. What it lists from its creation on is not told."""

    type: ClassVar[str] = "catalog.content_added"
    object_type: ClassVar[str] = "catalog"
    is_public: ClassVar[bool] = True

    data: CatalogItems


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogContentRemoved(Event):
    """The catalog lists documents no more."""

    type: ClassVar[str] = "catalog.content_removed"
    object_type: ClassVar[str] = "catalog"
    is_public: ClassVar[bool] = True

    data: CatalogItems
