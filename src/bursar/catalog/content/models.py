from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import BIG_ID, SORTABLE


class ContentState(Base):
    """One row. Whoever changes content or membership locks it first: one writer at a time."""

    __tablename__ = "content_state"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    changed_at: Mapped[datetime]
    evaluated_by: Mapped[str | None]
    """By which rules everything that is stored was evaluated: see catalogs/reevaluation.py."""


class ContentItem(Base):
    """A course, run, program or learner pathway that was imported as a document of its own."""

    __tablename__ = "content_items"
    __table_args__ = (
        CheckConstraint(
            "content_type IN ('course', 'courserun', 'program', 'learnerpathway')",
            name="content_type_known",
        ),
        Index(None, "key", "content_type", unique=True),
        Index(None, "family_key"),
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    content_type: Mapped[str]
    key: Mapped[str] = mapped_column(SORTABLE)
    """The course or run key; the uuid of a program or a learner pathway."""
    family_key: Mapped[str | None]
    """The course key that a course shares with its runs; null for the others."""
    title: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """The document as a template: see templates.py."""
    body_hash: Mapped[bytes] = mapped_column(LargeBinary)
    active_until: Mapped[datetime]
    """Listed before this instant, not from it on."""
    changed_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    """Null while the document is stored. A deleted document leaves its row behind, empty, so that
    catalogs can tell what they lost: see deletion.py."""


class NestedRun(Base):
    """Which course's document holds a run."""

    __tablename__ = "nested_runs"

    run_key: Mapped[str] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(
        BIG_ID, ForeignKey(ContentItem.id), primary_key=True, index=True
    )
    is_restricted: Mapped[bool] = mapped_column(server_default=false())
    """Whether only those catalogs show the run whose filters allow it."""


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
    own_restriction: Mapped[str | None]
    """What the run's own document says of its restriction; null for a run for everybody. It holds
    in all documents that have the run: see own_restrictions.py."""
