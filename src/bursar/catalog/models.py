from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
)
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import BIG_ID, SORTABLE
from bursar.database.types import Json
from bursar.identity.models import Enterprise


class ContentState(Base):
    """One row. Whoever changes content or membership locks it first: one writer at a time."""

    __tablename__ = "content_state"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    changed_at: Mapped[datetime]


class ContentItem(Base):
    """A course, run or program that was imported as a document of its own."""

    __tablename__ = "content_items"
    __table_args__ = (
        CheckConstraint(
            "content_type IN ('course', 'courserun', 'program')", name="content_type_known"
        ),
        Index(None, "key", "content_type", unique=True),
        Index(None, "family_key"),
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    content_type: Mapped[str]
    key: Mapped[str] = mapped_column(SORTABLE)
    """The course or run key; a program's uuid."""
    family_key: Mapped[str | None]
    """The course key that a course shares with its runs; null for programs."""
    title: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """The document as a template: see documents.py."""
    body_hash: Mapped[bytes] = mapped_column(LargeBinary)
    active_until: Mapped[datetime]
    """Listed before this instant, not from it on."""
    changed_at: Mapped[datetime]


class NestedRun(Base):
    """Which course's document holds a run."""

    __tablename__ = "nested_runs"

    run_key: Mapped[str] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(
        BIG_ID, ForeignKey(ContentItem.id), primary_key=True, index=True
    )


class RunFacts(Base):
    """What reports say of a course run: from its own document, else from its course's."""

    __tablename__ = "run_facts"

    run_key: Mapped[str] = mapped_column(SORTABLE, primary_key=True)
    course_id: Mapped[int | None] = mapped_column(BIG_ID, ForeignKey(ContentItem.id), index=True)
    """The course whose document gave course_title, primary_subject and primary_program."""
    is_own: Mapped[bool]
    """Whether the run's own document gave the others."""
    course_key: Mapped[str | None] = mapped_column(SORTABLE)
    course_title: Mapped[str | None] = mapped_column(SORTABLE)
    primary_subject: Mapped[str | None] = mapped_column(SORTABLE)
    primary_program: Mapped[str | None] = mapped_column(SORTABLE)
    weeks_to_complete: Mapped[int | None] = mapped_column(BigInteger)
    min_effort: Mapped[int | None] = mapped_column(BigInteger)
    max_effort: Mapped[int | None] = mapped_column(BigInteger)
    pacing_type: Mapped[str | None] = mapped_column(SORTABLE)
    start_date: Mapped[date | None] = mapped_column(Date)
    end_date: Mapped[date | None] = mapped_column(Date)
    list_price: Mapped[float | None] = mapped_column(Double)


class CatalogQuery(Base):
    """A distinct content filter. Its uuid follows from the filter, so the filter never changes."""

    __tablename__ = "catalog_queries"

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    content_filter: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime]
    ready: Mapped[bool]
    """False until the first evaluation over all content is complete."""
    evaluated_to: Mapped[int] = mapped_column(BigInteger)
    """While not ready: content up to this id has been evaluated."""
    version: Mapped[int] = mapped_column(BigInteger)
    """Grows with every change of a member or of the membership."""
    content_modified_at: Mapped[datetime]


class QueryMember(Base):
    """A document that a query selects, or (removed_at) used to select."""

    __tablename__ = "query_members"
    __table_args__ = (
        Index(None, "query_uuid", "sort_key", "content_id"),
        Index(None, "query_uuid", "changed_at"),
        Index(None, "query_uuid", "removed_at"),
    )

    query_uuid: Mapped[UUID] = mapped_column(ForeignKey(CatalogQuery.uuid), primary_key=True)
    content_id: Mapped[int] = mapped_column(
        BIG_ID, ForeignKey(ContentItem.id), primary_key=True, index=True
    )
    sort_key: Mapped[str] = mapped_column(SORTABLE)
    active_until: Mapped[datetime]
    changed_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


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


class ContentImport(Base):
    """How far a file has been imported, so that a stopped import goes on where it was."""

    __tablename__ = "content_imports"
    __table_args__ = (Index(None, "source", "size", "modified_ns", unique=True),)

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    source: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    modified_ns: Mapped[int] = mapped_column(BigInteger)
    byte_offset: Mapped[int] = mapped_column(BigInteger)
    line: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[datetime]
