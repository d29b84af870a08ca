from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from bursar.catalog.content.models import ContentItem
from bursar.catalog.membership.models import CatalogQuery
from bursar.database.base import Base
from bursar.database.columns import BIG_ID
from bursar.identity.models import Enterprise


class Catalog(Base):
    __tablename__ = "enterprise_catalogs"
    __table_args__ = (Index(None, "enterprise_uuid", "created_at", "uuid"),)

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    title: Mapped[str]
    query_uuid: Mapped[UUID | None] = mapped_column(ForeignKey(CatalogQuery.uuid), index=True)
    """What is served now."""
    pending_query_uuid: Mapped[UUID | None] = mapped_column(
        ForeignKey(CatalogQuery.uuid), index=True
    )
    """What takes over as soon as it is ready, in one step."""
    query_since: Mapped[datetime]
    query_title: Mapped[str | None]
    include_exec_ed_2u_courses: Mapped[bool]
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]


class CatalogChange(Base):
    """What a catalog gained or lost when it changed from one query to another."""

    __tablename__ = "catalog_changes"
    __table_args__ = (Index(None, "catalog_uuid", "at"),)

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    enterprise_uuid: Mapped[UUID]
    catalog_uuid: Mapped[UUID] = mapped_column(ForeignKey(Catalog.uuid))
    content_id: Mapped[int] = mapped_column(BIG_ID, ForeignKey(ContentItem.id))
    arrived: Mapped[bool]
    at: Mapped[datetime]
