from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from bursar.catalog.content.models import ContentItem
from bursar.database.base import Base
from bursar.database.columns import BIG_ID, SORTABLE
from bursar.database.types import Json


class CatalogQuery(Base):
    """A distinct content filter, with or without executive education. Its uuid follows from both,
    so neither ever changes."""

    __tablename__ = "catalog_queries"

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    filter_uuid: Mapped[UUID | None]
    """What clients know as `catalog_query_uuid`: it follows from the filter alone. Null in rows of
    an older release, where it is the uuid."""
    content_filter: Mapped[dict[str, Any]] = mapped_column(Json)
    include_exec_ed: Mapped[bool] = mapped_column(server_default=false())
    """Whether courses of executive education and boot camps are selected too."""
    created_at: Mapped[datetime]
    ready: Mapped[bool]
    """False until the first evaluation over all content is complete."""
    evaluated_to: Mapped[int] = mapped_column(BigInteger)
    """While not ready: content up to this id has been evaluated."""
    version: Mapped[int] = mapped_column(BigInteger)
    """Grows with every change of a member or of the membership."""
    content_modified_at: Mapped[datetime]


class AllowedRun(Base):
    """A restricted run that a query allows: its catalogs show it to those it was made for."""

    __tablename__ = "query_allowed_runs"

    query_uuid: Mapped[UUID] = mapped_column(ForeignKey(CatalogQuery.uuid), primary_key=True)
    run_key: Mapped[str] = mapped_column(primary_key=True)


class QueryMember(Base):
    """A document that a query selects, or (removed_at) used to select."""

    __tablename__ = "query_members"
    __table_args__ = (
        Index(None, "query_uuid", "sort_key", "content_id"),
        Index(None, "query_uuid", "changed_at"),
        Index(None, "query_uuid", "removed_at"),
        # What closed last: asked for with every list of catalogs.
        Index(None, "query_uuid", "active_until"),
    )

    query_uuid: Mapped[UUID] = mapped_column(ForeignKey(CatalogQuery.uuid), primary_key=True)
    content_id: Mapped[int] = mapped_column(
        BIG_ID, ForeignKey(ContentItem.id), primary_key=True, index=True
    )
    sort_key: Mapped[str] = mapped_column(SORTABLE)
    active_until: Mapped[datetime]
    """The document's, unless the filter forces it or allows a restricted run of it."""
    changed_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    listed_until: Mapped[datetime | None]
    """Until when the document was listed before it changed; null in rows of an older release, which
    did not note it. See listed.py for how to read it."""
